import { BadRequestSchema, ErrorInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { Code, ConnectError } from '@connectrpc/connect';

/** What a caller can read from an error. */
export interface RpcError {
  code: Code;
  message: string;
  reason: string | undefined;
  metadata: Record<string, string>;
  fields: { field: string; description: string }[];
}

/**
 * Expects a call to fail with this code and this ErrorInfo reason, and returns the error for a closer look.
 *
 * @throws Error when the call succeeds or fails in another way
 */
export async function expectError(call: Promise<unknown>, code: Code, reason?: string): Promise<RpcError> {
  const wanted = [Code[code], reason].filter(Boolean).join(' ');
  let failure: unknown;
  try {
    const answer = await call;
    failure = new Error(`expected ${wanted}, but the call succeeded: ${printable(answer)}`);
  } catch (error) {
    const found = rpcError(ConnectError.from(error));
    if (found.code === code && (reason === undefined || found.reason === reason)) return found;
    const got = [Code[found.code], found.reason ?? 'without a reason'].join(' ');
    failure = new Error(`expected ${wanted}, but got ${got}: ${found.message}`, { cause: error });
  }
  throw failure;
}

function rpcError(error: ConnectError): RpcError {
  const [info] = error.findDetails(ErrorInfoSchema);
  const fields = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  return {
    code: error.code,
    message: error.rawMessage,
    reason: info?.reason,
    metadata: info?.metadata ?? {},
    fields: fields.map(({ field, description }) => ({ field, description })),
  };
}

function printable(value: unknown): string {
  return (
    JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ??
    'nothing'
  );
}
