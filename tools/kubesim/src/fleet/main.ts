// What a fleet weighs: installs of a small chart on one kubesim, and its memory as they grow in number. Linux only.
//   node src/fleet/main.ts [--installs 10000] [--pod-events] [--limit-mb 500]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { objectsOf } from './install.ts';

const { values } = parseArgs({
  options: {
    installs: { type: 'string', default: '10000' },
    'pod-events': { type: 'boolean', default: false },
    'limit-mb': { type: 'string', default: '500' },
  },
});
const installs = Number(values.installs);
const limitMB = Number(values['limit-mb']);
const atOnce = 16;
const rows = 8;

type State = { objects: Record<string, number>; memory: { rss: number; heapUsed: number } };

await using stack = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'kubesim-fleet-'));
stack.defer(() => rm(folder, { recursive: true, force: true }));
const kubeconfig = join(folder, 'kubeconfig');
const options = values['pod-events'] ? [] : ['--no-pod-events'];
const child = spawn(
  process.execPath,
  // A small young generation, as the platform starts its processes with.
  [
    '--max-semi-space-size=4',
    join(import.meta.dirname, '../main.ts'),
    '--kubeconfig',
    kubeconfig,
    ...options,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
stack.defer(async () => {
  child.kill();
  if (child.exitCode === null) await once(child, 'exit');
});
await once(createInterface({ input: child.stdout }), 'line');
const config = parse(await readFile(kubeconfig, 'utf8')) as {
  clusters: { cluster: { server: string } }[];
  users: { user: { token: string } }[];
};
const server = config.clusters[0]?.cluster.server ?? '';
const authorization = `Bearer ${config.users[0]?.user.token}`;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const sent = request(server + path, {
    method,
    agent,
    headers: { authorization, 'content-type': 'application/apply-patch+yaml' },
  });
  sent.end(body && JSON.stringify(body));
  const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${text}`);
  return JSON.parse(text) as T;
}

/** Resident memory now, and the most it ever was. */
function memory(): { nowMB: number; mostMB: number } {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const read = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1_024;
  return { nowMB: read('VmRSS'), mostMB: read('VmHWM') };
}

const bar = (done: number): void => {
  if (!process.stderr.isTTY) return;
  const width = Math.round((done / installs) * 30);
  const { nowMB } = memory();
  process.stderr.write(
    `\r\u001b[K${'█'.repeat(width)}${'░'.repeat(30 - width)} ${done} installs, ${nowMB.toFixed(0)} MB`,
  );
};
const say = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  process.stdout.write(`${line}\n`);
};

let made = 0;
async function install(index: number): Promise<void> {
  for (const { path, object } of objectsOf(`cnap-${`${index}`.padStart(6, '0')}`))
    await call('PATCH', `${path}?fieldManager=cnap&force=true`, object);
  made += 1;
  bar(made);
}

async function whenReady(pods: number): Promise<State> {
  for (;;) {
    const state = await call<State>('GET', '/_sim/state');
    const query = 'fieldSelector=status.phase%21%3DRunning&limit=1';
    const { items } = await call<{ items: unknown[] }>('GET', `/api/v1/pods?${query}`);
    if (state.objects['pods'] === pods && items.length === 0) return state;
    await pause(200);
  }
}

const line = (cells: (string | number)[]): string => cells.map((cell) => `${cell}`.padStart(10)).join('');
say(line(['installs', 'objects', 'RSS MB', 'heap MB', 'most MB']));
for (let part = 1; part <= rows; part += 1) {
  const until = Math.round((installs * part) / rows);
  let next = made;
  const lane = async (): Promise<void> => {
    while (next < until) await install(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const { objects, memory: own } = await whenReady(until);
  const total = Object.values(objects).reduce((sum, count) => sum + count, 0);
  const { nowMB, mostMB } = memory();
  say(line([until, total, nowMB.toFixed(0), (own.heapUsed / 2 ** 20).toFixed(0), mostMB.toFixed(0)]));
}
agent.destroy();
const { mostMB } = memory();
say(`${installs} installs with a pod each: at most ${mostMB.toFixed(0)} MB of ${limitMB} MB`);
if (mostMB > limitMB) process.exitCode = 1;
