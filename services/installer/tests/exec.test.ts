// Shells: who gets one, what it does, how it ends. On a real control plane, where commands really run.
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@cnap/client';
import { ShellEventSchema } from '@cnap/proto/cnap/installer/v1/shell_event';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { PodService, type ExecPodRequestSchema } from '@cnap/proto/cnap/installer/v1/pod_service';
import { expectError, eventually, realKubernetes } from '@cnap/testing';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import { startTestInstaller, type Person, type TestInstaller } from './test-installer.ts';

type Request = MessageInitShape<typeof ExecPodRequestSchema>;
type Shell = { output: string; errors: string; opened?: object; exited?: object };

const real = await realKubernetes();
/** On a cluster of CNAP_TEST_KUBECONFIG whose containers are real: an image that runs until it is ended. */
const image = process.env['CNAP_TEST_IMAGE'] ?? 'docker.io/library/nginx:1';
const chart = chartOf({ 'web.yaml': deployment(image) });
let installer: TestInstaller;
let installId: string;
let closedId: string;
beforeAll(async () => {
  if (!real) return;
  installer = await startTestInstaller({ shells: { perInstall: 2 } });
  const { clusterId, regionId } = installer.peers.aCluster(real.kubeconfig);
  const made = [true, false].map(async (ownerExecOn) => {
    const product = installer.aProduct({ chart, clusterIds: [clusterId], ownerExecOn });
    const { id } = await installer.ensure(product, { regionId });
    await installer.until(id, InstallState.RUNNING);
    return id;
  });
  [installId = '', closedId = ''] = await Promise.all(made);
});
afterAll(async () => {
  await installer?.[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});

const start = (value: object = {}): Request => ({
  message: { case: 'start', value: { installId, ...value } },
});
const type = (text: string): Request => ({ message: { case: 'input', value: Buffer.from(text) } });
const bash = (script: string) => ({ command: ['/bin/sh', '-c', script] });

/** Runs with these messages; `next` gives more once it has written `after`, or anything. */
async function run(
  requests: Request[],
  {
    as = 'seller',
    next,
    after = '',
    signal,
  }: { as?: Person; next?: () => Request[] | 'hang'; after?: string; signal?: AbortSignal } = {},
): Promise<Shell> {
  const shell: Shell = { output: '', errors: '' };
  const wrote = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  async function* messages() {
    yield* requests;
    if (!next) return;
    await wrote.promise;
    const more = next();
    if (more === 'hang') await done.promise;
    else yield* more;
  }
  const transport = createGrpcTransport({ baseUrl: installer.url });
  const headers = { authorization: `Bearer ${await installer.tokenOf(as)}` };
  try {
    for await (const { message } of createClient(PodService, transport).execPod(messages(), {
      headers,
      ...(signal ? { signal } : {}),
    })) {
      if (message.case === 'opened') shell.opened = message.value;
      if (message.case === 'output') shell.output += Buffer.from(message.value).toString();
      if (message.case === 'errorOutput') shell.errors += Buffer.from(message.value).toString();
      if (message.case === 'exited') shell.exited = message.value;
      if (message.case !== 'opened' && shell.output.includes(after)) wrote.resolve();
    }
    return shell;
  } finally {
    wrote.resolve();
    done.resolve();
  }
}

describe.skipIf(!real)('on a real control plane', () => {
  test('a command writes, fails with its code, and reads what is typed', async () => {
    const talk = await run([start(bash('read a; echo "got $a"; echo no >&2; exit 3')), type('one\n')]);
    expect(talk).toMatchObject({ output: 'got one\n', errors: 'no\n' });
    // Where commands run on this machine instead of in containers, the code is told in words.
    expect(JSON.stringify(talk.exited)).toMatch(/"code":3,|exit status 3"/);
    expect(talk.opened).toMatchObject({ container: 'web', pod: expect.stringMatching(/^cnap-/) });
  });

  test('a shell has a terminal of the size that is wished, and takes a new one', async () => {
    const size = { columns: 101, rows: 31 };
    const resize: Request = { message: { case: 'size', value: { columns: 50, rows: 20 } } };
    const until = (rows: number, columns: number) =>
      type(
        `until [ "$(stty size)" = "${rows} ${columns}" ]; do sleep 0.1; done; echo is ${rows}""x${columns}\n`,
      );
    const shell = await run([start({ terminal: true, size }), until(31, 101)], {
      next: () => [resize, until(20, 50), type('exit\n')],
      after: 'is 31x101',
    });
    expect(shell.output).toContain('is 31x101');
    expect(shell.output).toContain('is 20x50');
    expect(shell.exited).toMatchObject({ code: 0 });
  });

  test('much output comes whole, to a slow reader too', async () => {
    const { output } = await run([start(bash('seq 1 200000'))]);
    expect(output.split('\n').slice(-3)).toEqual(['199999', '200000', '']);
    expect(output).toHaveLength(1_288_895);
  });

  test('owners get a shell where the seller lets them, strangers and viewers never', async () => {
    const echo = bash('echo hi');
    expect((await run([start(echo)], { as: 'buyer' })).output).toBe('hi\n');
    const closed = start({ ...echo, installId: closedId });
    await expectError(run([closed], { as: 'buyer' }), Code.PermissionDenied, 'EXEC_NOT_OFFERED');
    expect((await run([closed])).output).toBe('hi\n');
    await expectError(run([start(echo)], { as: 'buyer-viewer' }), Code.PermissionDenied);
    await expectError(run([start(echo)], { as: 'stranger' }), Code.NotFound);
  });

  test('what cannot be run is said', async () => {
    await expectError(run([start({ pod: 'no-such' })]), Code.NotFound, 'POD_NOT_FOUND');
    await expectError(run([start({ container: 'other' })]), Code.FailedPrecondition, 'EXEC_NOT_READY');
    await expectError(run([type('x')]), Code.InvalidArgument, 'INVALID_FIELD');
    await expectError(run([]), Code.InvalidArgument, 'INVALID_FIELD');
    const twice = run([start(bash('cat')), start(bash('cat'))], { next: () => 'hang' });
    await expectError(twice, Code.InvalidArgument, 'INVALID_FIELD');
    const { exited } = await run([start({ command: ['/no/such/program'] })]);
    expect(exited).toMatchObject({ message: expect.stringContaining('no such file') });
  });

  test('an install has so many shells and no more, until somebody leaves', async () => {
    const leave = new AbortController();
    const hold = async () => {
      const ready = Promise.withResolvers<void>();
      const next = () => (ready.resolve(), 'hang' as const);
      const ended = run([start(bash('echo ready; sleep 600'))], { next, signal: leave.signal });
      ended.catch(() => undefined);
      await ready.promise;
    };
    await hold();
    await hold();
    const another = () => run([start(bash('exit'))]);
    await expectError(another(), Code.ResourceExhausted, 'EXEC_TOO_MANY');
    leave.abort();
    await eventually(async () => expect((await another()).exited).toMatchObject({ code: 0 }));
  });

  test('who opens a shell is told before it opens', async () => {
    await run([start(bash('echo secret-argument'))], { as: 'buyer' });
    const { rows } = await installer.database.db.pool.query<{ headers: object; payload: Buffer }>(
      `select headers, payload from outbox where subject = 'installer.v1.shell.opened'
       order by position desc limit 1`,
    );
    const { headers, payload } = rows[0] ?? expect.fail('nothing was told');
    expect(fromBinary(ShellEventSchema, payload)).toMatchObject({
      installId,
      program: '/bin/sh',
      container: 'web',
      pod: expect.stringMatching(/^cnap-/),
    });
    const told = JSON.stringify(headers);
    for (const id of [installer.buyerWorkspaceId, installer.sellerWorkspaceId]) expect(told).toContain(id);
    expect(told).toMatch(/usr_/);
    expect(payload.toString()).not.toContain('secret-argument');
  });

  test.each([
    ['in which nothing is written', { idleMs: 300 }, 'EXEC_IDLE'],
    ['that is open for too long', { totalMs: 300 }, 'EXEC_TOO_LONG'],
  ])('one %s is ended', async (_, shells, reason) => {
    await installer.restart({ shells });
    const ended = run([start(bash('sleep 600'))], { next: () => 'hang' });
    await expectError(ended, Code.DeadlineExceeded, reason);
  });
});
