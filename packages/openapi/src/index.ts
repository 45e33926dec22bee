export { openApiDocument, type OpenApiDocument } from './document.ts';
/** What the proto says of an element, as a paragraph; by its full name. */
export { paragraphOf as commentsOf } from './comments.ts';
export type { JsonSchema } from './json-schema.ts';
