/** What the REST API is, read from descriptors: the transcoder and the OpenAPI document go by it. */
export { restOperations, type RestOperation, type RestVerb } from './operation.ts';
export {
  restMessage,
  type RestGroup,
  type RestMember,
  type RestMessage,
  type RestProperty,
} from './message.ts';
export type { RestBody, RestPathParameter, RestQueryParameter } from './request.ts';
export type { RestMedia, RestPick, RestResponse } from './response.ts';
export type { RestEnumValue, RestType } from './type.ts';
