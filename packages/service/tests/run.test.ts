import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const fixture = fileURLToPath(new URL('fixture-service.ts', import.meta.url));

function run(how: string) {
  const child = spawn(process.execPath, [fixture, how], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }));
  return { child, ended };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it in order', async (signal) => {
  const { child, ended } = run('well');
  expect(await once(child, 'message')).toEqual([{ ready: 'http://127.0.0.1:1' }, undefined]);
  child.kill(signal);
  const { code, output } = await ended;
  expect(code).toBe(0);
  expect(output).toContain('disposed');
});

test('SIGTERM ends what still waits for something', async () => {
  const { child, ended } = run('waiting');
  expect(await once(child, 'message')).toEqual([{ waits: true }, undefined]);
  child.kill('SIGTERM');
  const { code, output } = await ended;
  expect(code).toBe(0);
  expect(output).toContain('stopping before it was ready');
});

test('a wrong configuration is one line per problem and exit code 78', async () => {
  const { code, output } = await run('misconfigured').ended;
  expect(code).toBe(78);
  expect(output).toBe('fixture cannot start:\n  PORT is missing\n  NATS_URL is not a URL\n');
});

test('what else keeps it from starting is logged, and exit code 1', async () => {
  const { code, output } = await run('broken').ended;
  expect(code).toBe(1);
  expect(output).toContain('no disk');
});
