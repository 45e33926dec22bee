/** The rules of `google.api.http`. */
export { http } from '@cnap/proto/google/api/annotations';
export type { HttpRule } from '@cnap/proto/google/api/http';
