// Sends generated bad requests to every public RPC and every REST operation of a platform of its own, and fails when
// an answer is anything but a clear one:   npm run fuzz -- [--per-method 1000] [--seed 1] [--only ListOrders]
import { parseArgs } from 'node:util';
import { rpcServices } from '@cnap/proto';
import { restOperations } from '@cnap/rest';
import { isInternal } from '@cnap/rpc';
import type { Answer } from './answer.ts';
import { memoryBelow } from './memory.ts';
import { seeded, seedOf } from './random.ts';
import { reportText, type Row } from './report.ts';
import { restCase } from './rest-cases.ts';
import { rpcCase } from './rpc-cases.ts';
import { startPlatformProcess } from './running-platform.ts';
import { createSender, type Sender } from './send.ts';
import { wrongWith } from './verdict.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    'per-method': { type: 'string', default: '1000' },
    only: { type: 'string', default: '' },
  },
});
const seed = Number(values.seed);
const perMethod = Number(values['per-method']);
const atOnce = 8;

type Target = {
  name: string;
  send(sender: Sender, index: number): Promise<{ answer: Answer; told: string }>;
};

const targets = (workspaceId: string): Target[] => {
  const rpcs = Object.values(rpcServices)
    .flat()
    .flatMap(({ methods }) => methods)
    .filter((method) => !isInternal(method))
    .map((method): Target => {
      const name = `${method.parent.name}.${method.name}`;
      return {
        name,
        async send(sender, index) {
          const request = rpcCase(method, seeded(seedOf(seed, `${name}#${index}`)), workspaceId);
          const told = `${request.protocol} ${request.contentType} ${JSON.stringify(request.headers)} ${shown(request.body)}`;
          return { answer: await sender.rpc(method, request), told };
        },
      };
    });
  const operations = restOperations(rpcServices).map((operation): Target => {
    const name = `${operation.method} ${operation.path}`;
    return {
      name,
      async send(sender, index) {
        const request = restCase(operation, seeded(seedOf(seed, `${name}#${index}`)), workspaceId);
        const told = `${request.path} ${JSON.stringify(request.headers)} ${shown(request.body ?? new Uint8Array())}`;
        return { answer: await sender.rest(request), told };
      },
    };
  });
  return [...rpcs, ...operations].filter(({ name }) => name.includes(values.only));
};

const shown = (body: Uint8Array) =>
  JSON.stringify(Buffer.from(body.subarray(0, 400)).toString('latin1')) +
  (body.length > 400 ? `… ${body.length} bytes` : '');

console.log(`seed ${seed}, ${perMethod} bad requests for each method`);
await using platform = await startPlatformProcess();
const { url, seller, buyer } = platform.dev;
const foreign = [buyer.workspace_id, buyer.email];
using sender = createSender(url, {
  authorization: `Bearer ${seller.token}`,
  'x-workspace-id': seller.workspace_id,
});

async function run(target: Target, row: Row, end: number): Promise<void> {
  let index = row.tried;
  const worker = async (): Promise<void> => {
    while (index < end) {
      const mine = index;
      index += 1;
      let told = '';
      try {
        const sent = await target.send(sender, mine);
        told = sent.told;
        const { code, status } = sent.answer;
        const kind = code === '' ? String(status) : code;
        row.codes[kind] = (row.codes[kind] ?? 0) + 1;
        if (status < 300 && code === '') row.accepted += 1;
        const wrong = wrongWith(sent.answer, foreign);
        if (wrong !== undefined)
          row.wrong.push(`#${mine} ${wrong}: ${sent.answer.text.slice(0, 300)}\n    ${told}`);
      } catch (error) {
        const cause =
          error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
        row.wrong.push(`#${mine} ${String(error)}${cause}\n    ${told}`);
      }
      row.tried += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const all = targets(seller.workspace_id).map((target): { target: Target; row: Row } => ({
  target,
  row: { name: target.name, tried: 0, accepted: 0, codes: {}, wrong: [] },
}));

async function round(share: number): Promise<void> {
  for (const [index, { target, row }] of all.entries()) {
    if (process.stderr.isTTY) {
      const done = Math.round((index / all.length) * 24);
      process.stderr.write(`\r\u001b[K${'█'.repeat(done)}${'░'.repeat(24 - done)} ${target.name}`);
    }
    await run(target, row, Math.ceil(perMethod * share));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}

const memory: Record<string, number>[] = [];
for (const share of [1 / 4, 1 / 2, 3 / 4, 1]) {
  await round(share);
  memory.push(memoryBelow(platform.pid));
  if (!process.stderr.isTTY) console.error(`${share * 100} % sent`);
}
const rows = all.map(({ row }) => row);
const { text, failures } = reportText(rows, memory);
console.log(text);
console.log(`${rows.length - failures} passed, ${failures} failed, 0 skipped`);
process.exitCode = failures === 0 ? 0 : 1;
