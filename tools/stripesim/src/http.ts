import type { IncomingMessage, ServerResponse } from 'node:http';

const maxBody = 1024 * 1024;

export class BodyTooLarge extends Error {}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to its end all the same: an answer to somebody who still writes would be lost.
    if (size <= maxBody) chunks.push(chunk);
  }
  if (size > maxBody) throw new BodyTooLarge('the body is larger than 1 MiB');
  return Buffer.concat(chunks).toString('utf8');
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: `${JSON.stringify(value, null, 2)}\n`,
});

export const redirect = (location: string): Answer => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store' },
  body: '',
});

export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

/** The ids of a path that has this pattern: `/v1/prices/:id`. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const ids: Record<string, string> = {};
  for (const [position, segment] of wanted.entries()) {
    const value = given[position] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== value) return undefined;
    } else {
      if (value === '') return undefined;
      try {
        ids[segment.slice(1)] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    }
  }
  return ids;
}
