import type { JsonObject } from '@bufbuild/protobuf';

/** A `google.protobuf.Struct` in messages: plain JSON. */
export type Struct = JsonObject;
