// Shells over WebSockets, with a service behind the gateway that says what a shell does.
import { once } from 'node:events';
import { DomainError, invalidField } from '@cnap/errors';
import { newId } from '@cnap/ids';
import type { ExecPodRequest } from '@cnap/proto/cnap/installer/v1/pod_service';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestGateway } from './test-gateway.ts';

const gateway = await startTestGateway({}, { CNAP_PUBLIC_URL: 'http://gateway.example' });
const { shells, credentials } = gateway.backends;
afterAll(() => gateway[Symbol.asyncDispose]());

const id = newId('ins');
const bearer = { authorization: 'Bearer owner' };
const opened = { message: { case: 'opened', value: { pod: 'web-0', container: 'web' } } } as const;
const output = (text: string | Buffer) =>
  ({ message: { case: 'output', value: Buffer.from(text) } }) as const;
const exited = (message = '') => ({ message: { case: 'exited', value: { code: 1, message } } }) as const;
const typed = ({ message }: ExecPodRequest): string =>
  message.case === 'input' ? Buffer.from(message.value).toString() : `(${message.case})`;

beforeEach(() => {
  credentials.set('owner', gateway.keys.person('owner'));
  shells.answer = async function* (requests) {
    for await (const request of requests) {
      if (request.message.case === 'start') yield opened;
      else if (typed(request) === 'exit') return yield exited();
      else yield output(typed(request));
    }
  };
});

type Frame = { type: string; data?: string; message?: string };
type Refusal = { status: number; error: Record<string, unknown>; headers: Record<string, unknown> };

function connect(
  query = '',
  headers: Record<string, string> = bearer,
  path = `/api/exec/installs/${id}/shell`,
) {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}${path}${query}`, { headers });
  const frames: Frame[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  socket.on('message', (data: Buffer) => {
    frames.push(JSON.parse(data.toString()) as Frame);
    for (const { count, resolve } of waiting) if (frames.length >= count) resolve();
  });
  const refused = Promise.withResolvers<Refusal>();
  socket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    response.on('end', () => {
      const error = body === '' ? {} : (JSON.parse(body) as { error: object }).error;
      refused.resolve({ status: response.statusCode ?? 0, error: { ...error }, headers: response.headers });
      socket.terminate();
    });
  });
  socket.on('error', () => undefined);
  return {
    socket,
    frames,
    refused: refused.promise,
    open: new Promise<void>((resolve) => socket.once('open', resolve)),
    closed: new Promise<number>((resolve) => socket.once('close', resolve)),
    say: (frame: object) => socket.send(JSON.stringify(frame)),
    async until(count: number): Promise<Frame[]> {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ count, resolve });
      if (frames.length < count) await promise;
      return frames;
    },
  };
}

test('what is typed goes in, what is written comes out, until the shell ends', async () => {
  const shell = connect();
  await shell.open;
  shell.say({ type: 'input', data: 'héllo' });
  shell.say({ type: 'resize', cols: 100, rows: 30 });
  await shell.until(2);
  shell.say({ type: 'input', data: 'exit' });
  expect(await shell.closed).toBe(1000);
  expect(shell.frames).toEqual([
    { type: 'output', data: 'héllo' },
    { type: 'output', data: '(size)' },
    { type: 'close' },
  ]);
});

test('what the query names is asked for, in a terminal, with the workspace of the header', async () => {
  const starts: unknown[] = [];
  shells.answer = async function* (requests) {
    for await (const { message } of requests) {
      starts.push(message.value);
      yield opened;
      return yield exited();
    }
  };
  const workspaceId = newId('ws');
  const query = '?podName=web-1&containerName=side%20car&shell=/bin/bash';
  await connect(query, { ...bearer, 'x-workspace-id': workspaceId }).closed;
  await connect().closed;
  expect(starts).toMatchObject([
    { installId: id, pod: 'web-1', container: 'side car', command: ['/bin/bash'], terminal: true },
    { installId: id, pod: '', container: '', command: [], terminal: true },
  ]);
  expect(gateway.backends.seen.at(-2)?.caller).toMatchObject({ workspaceId });
});

test('refusals are statuses, with the names of the query', async () => {
  const cases: [DomainError, number, object][] = [
    [new DomainError('not-found', 'POD_NOT_FOUND', 'No.'), 404, { code: 'not_found' }],
    [new DomainError('permission-denied', 'EXEC_NOT_OFFERED', 'No.'), 403, { code: 'permission_denied' }],
    [new DomainError('failed-precondition', 'EXEC_NOT_READY', 'No.'), 409, { message: 'No.' }],
    [new DomainError('resource-exhausted', 'EXEC_TOO_MANY', 'No.'), 429, {}],
    [new DomainError('unavailable', 'CLUSTER_UNREACHABLE', 'No.'), 503, {}],
    [invalidField('start.command[0]', 'is too long'), 422, { param: 'shell' }],
    [invalidField('start.install_id', 'is no id'), 404, { code: 'not_found' }],
  ];
  for (const [error, status, body] of cases) {
    // oxlint-disable-next-line require-yield -- it refuses
    shells.answer = async function* () {
      throw error;
    };
    const refusal = await connect().refused;
    expect(refusal).toMatchObject({ status, error: body });
    expect(refusal.headers['x-request-id']).toMatch(/^req_/);
  }
});

test('nobody comes in without a credential, or from another site', async () => {
  expect(await connect('', {}).refused).toMatchObject({ status: 401, error: { code: 'unauthenticated' } });
  expect((await connect('', { authorization: 'Bearer unknown' }).refused).status).toBe(401);
  const malformed = connect('', { ...bearer, 'x-workspace-id': 'a b' });
  expect((await malformed.refused).status).toBe(403);
  const cookie = 'cnap.session_token=owner';
  for (const headers of [{ cookie }, { cookie, origin: 'https://evil.example' }]) {
    const refusal = await connect('', headers).refused;
    expect(refusal).toMatchObject({ status: 403, error: { details: { reason: 'CROSS_SITE_REQUEST' } } });
  }
  const own = connect('', { cookie, origin: 'http://gateway.example' });
  await own.open;
  own.socket.terminate();
});

test('frames that are not understood are answered in words, and nothing is lost', async () => {
  const shell = connect();
  await shell.open;
  shell.socket.send('no json');
  shell.socket.send(Buffer.from('{"type":"input","data":"x"}'));
  shell.say({ type: 'input', data: 'still here' });
  const frames = await shell.until(3);
  expect(frames.map(({ type }) => type)).toEqual(['error', 'error', 'output']);
  expect(frames[2]?.data).toBe('still here');
  shell.socket.close();
});

test('a character that is cut between two messages arrives whole', async () => {
  const euro = Buffer.from('a€b');
  shells.answer = async function* () {
    yield opened;
    yield output(euro.subarray(0, 2));
    yield output(euro.subarray(2));
    yield exited('the container was killed');
  };
  const shell = connect();
  await shell.closed;
  expect(shell.frames).toEqual([
    { type: 'output', data: 'a' },
    { type: 'output', data: '€b' },
    { type: 'error', message: 'the container was killed' },
    { type: 'close' },
  ]);
});

test('an error in the middle is told before the end', async () => {
  shells.answer = async function* () {
    yield opened;
    throw new DomainError('deadline-exceeded', 'EXEC_IDLE', 'The shell was ended.');
  };
  const shell = connect();
  await shell.closed;
  expect(shell.frames).toEqual([{ type: 'error', message: 'The shell was ended.' }, { type: 'close' }]);
});

test('who leaves ends the shell', async () => {
  const ended = Promise.withResolvers<void>();
  shells.answer = async function* (_, context) {
    context.signal.addEventListener('abort', () => ended.resolve());
    yield opened;
    await ended.promise;
  };
  const shell = connect();
  await shell.open;
  shell.socket.terminate();
  await expect(ended.promise).resolves.toBeUndefined();
});

test('a shell ends with what its opener may do', async () => {
  const shell = connect();
  await shell.open;
  credentials.delete('owner');
  await gateway.facts.tokenRevoked(gateway.keys.person('owner').credentialId);
  expect(await shell.closed).toBe(1001);
  expect(shell.frames.map(({ type }) => type)).toEqual(['error', 'close']);
});

test('who reads slowly holds up the shell, and gets all of it', async () => {
  const line = 'x'.repeat(1_023) + '\n';
  let written = 0;
  shells.answer = async function* () {
    yield opened;
    for (; written < 20_000; written += 1) yield output(line);
    yield exited();
  };
  const shell = connect();
  await shell.open;
  shell.socket.pause();
  await expect.poll(() => written, { timeout: 30_000 }).toBeGreaterThan(100);
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(written).toBeLessThan(20_000);
  shell.socket.resume();
  await shell.closed;
  expect(shell.frames).toHaveLength(20_001);
}, 120_000);

test('other requests, and other upgrades, are answered as ever', async () => {
  const plain = await fetch(`${gateway.url}/api/exec/installs/${id}/shell`, { headers: bearer });
  expect(plain.status).toBe(426);
  expect(plain.headers.get('upgrade')).toBe('websocket');
  const elsewhere = connect('', bearer, '/v1/installs');
  expect((await elsewhere.refused).status).not.toBe(101);
});

test('a gateway that stops tells those who have a shell', async () => {
  const own = await startTestGateway();
  own.backends.credentials.set('owner', own.keys.person('owner'));
  own.backends.shells.answer = async function* (requests) {
    for await (const _ of requests) yield opened;
  };
  const socket = new WebSocket(`${own.url.replace('http', 'ws')}/api/exec/installs/${id}/shell`, {
    headers: bearer,
  });
  await once(socket, 'open');
  const texts: string[] = [];
  socket.on('message', (data: Buffer) => texts.push(data.toString()));
  const closed = once(socket, 'close');
  await own[Symbol.asyncDispose]();
  expect((await closed)[0]).toBe(1001);
  expect(texts.join()).toContain('restarting');
});
