import type { IncomingHttpHeaders } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';

const connectHeader = 'connect-timeout-ms';
const grpcHeader = 'grpc-timeout';
const grpcUnitMs: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000001 };

/**
 * Puts the deadline of a call into its headers, where the protocol layer reads it: the client's, but never
 * more than `maxMs`; without one `defaultMs` for a unary call and none for a stream. What cannot be parsed is
 * left for the protocol layer to refuse.
 */
export function setDeadline(header: Headers, method: DescMethod, defaultMs: number, maxMs: number): void {
  const isGrpc = header.get('content-type')?.startsWith('application/grpc') ?? false;
  const asked = isGrpc ? grpcTimeout(header.get(grpcHeader)) : connectTimeout(header.get(connectHeader));
  if (asked === 'malformed') return;
  const unary = method.methodKind === 'unary';
  const limit = asked ?? (unary ? defaultMs : undefined);
  if (limit === undefined) return;
  const ms = Math.max(1, Math.round(unary ? Math.min(limit, maxMs) : limit));
  if (isGrpc)
    header.set(grpcHeader, ms < 100_000_000 ? `${ms}m` : `${Math.min(Math.ceil(ms / 1_000), 99_999_999)}S`);
  // setTimeout takes no more than 31 bits.
  else header.set(connectHeader, String(Math.min(ms, 2_147_483_647)));
}

/** The deadline of a unary call that asks for one or for none, in milliseconds. */
export const deadlineOf = (asked: number | undefined, defaultMs: number, maxMs: number): number =>
  Math.max(1, Math.round(Math.min(asked ?? defaultMs, maxMs)));

/** The deadline that the headers of a request ask for. */
export function askedDeadline(headers: IncomingHttpHeaders): number | undefined | 'malformed' {
  const isGrpc = headers['content-type']?.startsWith('application/grpc') ?? false;
  const value = headers[isGrpc ? grpcHeader : connectHeader];
  if (value === undefined) return undefined;
  return isGrpc ? grpcTimeout(String(value)) : connectTimeout(String(value));
}

function connectTimeout(value: string | null): number | undefined | 'malformed' {
  if (value === null) return undefined;
  return /^\d{1,10}$/.test(value) ? Number(value) : 'malformed';
}

function grpcTimeout(value: string | null): number | undefined | 'malformed' {
  if (value === null) return undefined;
  const parts = /^(\d{1,8})([HMSmun])$/.exec(value);
  if (parts === null) return 'malformed';
  return Number(parts[1]) * (grpcUnitMs[parts[2] ?? 'm'] ?? 1);
}
