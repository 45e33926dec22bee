import { rawField, type RestOperation } from '@cnap/rest';
import type { StreamForm } from './stream.ts';

/** A download: the bytes of a field, one message after the other. It is whole only when it ends as HTTP says. */
export function download({ stream, rpc }: RestOperation): StreamForm {
  if (stream?.kind !== 'bytes') throw new Error(`${rpc.name} is no download`);
  return {
    type: stream.type,
    headers: { 'content-disposition': 'attachment' },
    write: rawField(stream.field),
    comment: undefined,
    error: undefined,
  };
}
