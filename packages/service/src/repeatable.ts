import { createHash } from 'node:crypto';
import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import type { RepeatableRequest } from '@cnap/postgres';

/**
 * What `firstResult` needs to answer a repeated create with the first result.
 * @param owner the workspace of the call, or the user where there is none
 * @param keep what is stored of the response, where not all of it may be
 */
export function repeatable<I extends DescMessage, O extends DescMessage>(
  context: HandlerContext,
  owner: string,
  requestSchema: I,
  request: MessageShape<I> & { requestId: string },
  responseSchema: O,
  keep: (response: MessageShape<O>) => MessageShape<O> = (response) => response,
): RepeatableRequest<MessageShape<O>> {
  const withoutId = create(requestSchema, { ...request, requestId: '' } as never);
  return {
    workspaceId: owner,
    method: `${context.method.parent.typeName}/${context.method.name}`,
    requestId: request.requestId,
    fingerprint: createHash('sha256').update(toBinary(requestSchema, withoutId)).digest('hex'),
    encode: (response) => toBinary(responseSchema, keep(response)),
    decode: (bytes) => fromBinary(responseSchema, bytes),
  };
}

/** The resource was changed since the caller read it. */
export const etagMismatch = (resource: string): DomainError =>
  new DomainError('aborted', 'ETAG_MISMATCH', `The ${resource} was changed since it was read.`, {
    suggestion: 'Read it again and repeat the change.',
  });
