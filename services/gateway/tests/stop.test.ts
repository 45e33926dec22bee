// What callers see of a gateway that stops.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Code, createClient } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { eventually, expectError } from '@cnap/testing';
import { expect, test } from 'vitest';
import { startTestGateway, transports } from './test-gateway.ts';

const headers = { authorization: 'Bearer owner-secret' };
const forever = () => new Promise<void>(() => undefined);

async function started() {
  const own = await startTestGateway();
  own.backends.credentials.set('owner-secret', own.keys.person('owner'));
  own.backends.lines.next = forever();
  return own;
}

const streaming = Object.entries(transports).filter(([name]) => !name.includes('GET'));

test('streams end with UNAVAILABLE, in the words of their protocol', async () => {
  const own = await started();
  try {
    const open = await Promise.all(
      streaming.map(async ([, transportTo]) => {
        const pods = createClient(PodService, transportTo(own.url));
        const lines = pods.streamPodLogs({ installId: newId('ins') }, { headers })[Symbol.asyncIterator]();
        expect((await lines.next()).value?.line).toBe('one');
        return lines;
      }),
    );
    const events = await fetch(`${own.url}/v1/installs/${newId('ins')}/logs`, { headers });
    const stopped = own.gateway[Symbol.asyncDispose]();
    for (const lines of open) await expectError(lines.next(), Code.Unavailable, 'SHUTTING_DOWN');
    const text = await events.text();
    expect(text).toContain('event: error\n');
    expect(text).toContain('"code":"unavailable"');
    await own.backends.lines.ended.promise;
    await stopped;
  } finally {
    await own[Symbol.asyncDispose]();
  }
}, 30_000);

test('what is not answered when time is up is told so', async () => {
  const own = await started();
  const gate = Promise.withResolvers<void>();
  try {
    own.backends.answers.wait = gate.promise;
    const { workspaceId: id } = own.keys;
    const told = Object.values(transports).map((transportTo) =>
      expectError(
        createClient(WorkspaceService, transportTo(own.url)).getWorkspace({ id }, { headers }),
        Code.Unavailable,
        'SHUTTING_DOWN',
      ),
    );
    const rest = fetch(`${own.url}/v1/workspaces/${id}`, { headers });
    await eventually(() => own.backends.seen.length === told.length + 1);
    await own.gateway[Symbol.asyncDispose]();
    await Promise.all(told);
    const answer = await rest;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  } finally {
    gate.resolve();
    await own[Symbol.asyncDispose]();
  }
}, 30_000);

test('the process is gone within its deadline, and says that all went well', async () => {
  const own = await started();
  const main = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
    env: { ...process.env, ...own.environment, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(main, 'exit');
  try {
    let url = '';
    for await (const line of createInterface({ input: main.stdout })) {
      url = (JSON.parse(line) as { url?: string }).url ?? '';
      if (url !== '') break;
    }
    const pods = createClient(PodService, transports['gRPC']!(url));
    const lines = pods.streamPodLogs({ installId: newId('ins') }, { headers })[Symbol.asyncIterator]();
    expect((await lines.next()).value?.line).toBe('one');
    const begun = performance.now();
    main.kill('SIGTERM');
    await expectError(lines.next(), Code.Unavailable, 'SHUTTING_DOWN');
    expect(await exited).toEqual([0, null]);
    expect(performance.now() - begun).toBeLessThan(8_000);
  } finally {
    main.kill('SIGKILL');
    await own[Symbol.asyncDispose]();
  }
}, 60_000);
