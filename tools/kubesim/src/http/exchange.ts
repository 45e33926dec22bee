import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseYaml } from 'yaml';
import type { User } from '../access/user.ts';
import { decodeProtobuf } from './protobuf.ts';
import { badRequest, StatusError } from '../objects/status-error.ts';

/** One request on its way to an answer. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  method: string;
  path: string;
  query: URLSearchParams;
  user: User;
}

const bodyLimit = 3 * 1024 * 1024;

/** The body as JSON or YAML; `undefined` when there is none. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) {
      throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${bodyLimit}`);
    }
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (request.headers['content-type']?.includes('protobuf') && body.length > 0) return decodeProtobuf(body);
  const text = body.toString('utf8');
  if (!text.trim()) return undefined;
  try {
    return /^\s*[[{]/.test(text)
      ? (JSON.parse(text) as unknown)
      : (parseYaml(text, { version: '1.1', merge: true }) as unknown);
  } catch (error) {
    throw badRequest(
      `error decoding request body: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export function sendJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  type = 'application/json',
): void {
  sendText(response, code, JSON.stringify(body), type);
}

export function sendText(response: ServerResponse, code: number, text: string, type: string): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.from(text);
  response.writeHead(code, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-cache, private',
  });
  response.end(bytes);
}

export function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof StatusError) {
    if (error.code === 429)
      response.setHeader('retry-after', String(error.details?.['retryAfterSeconds'] ?? 1));
    sendJson(response, error.code, error.body());
    return;
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`kubesim: ${message}\n`);
  sendJson(
    response,
    500,
    new StatusError(500, 'InternalError', `Internal error occurred: ${message}`).body(),
  );
}
