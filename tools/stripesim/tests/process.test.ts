import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Stripe } from 'stripe';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', 'src', 'main.ts');

interface Started extends Disposable {
  child: ChildProcess;
  stripe: Stripe;
}

async function start(...options: string[]): Promise<Started> {
  const child = spawn(process.execPath, [main, '--port', '0', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = URL.parse(/http:\S+/.exec(line)?.[0] ?? '');
    if (!url) continue;
    const stripe = new Stripe('sk_test_x', {
      host: url.hostname,
      port: url.port,
      protocol: 'http',
      telemetry: false,
      timeout: 5000,
    });
    return { child, stripe, [Symbol.dispose]: () => void child.kill('SIGKILL') };
  }
  throw new Error('it ended before it was ready');
}

test('killed at once after an answer, it still knows what it answered', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stripesim-'));
  try {
    using first = await start('--data', folder);
    const made = await first.stripe.customers.create({ name: 'Bo' });
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    // What the killed process did not finish to write is not there.
    await appendFile(join(folder, 'journal.jsonl'), '[["customer","cus_half"');
    using second = await start('--data', folder);
    expect((await second.stripe.customers.list()).data.map(({ id }) => id)).toEqual([made.id]);
    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a public address is the one of its links, and wrong options are one clear line', async () => {
  using running = await start('--public-url', 'http://pay.example/');
  const { id } = await running.stripe.accounts.create({ type: 'standard' });
  const link = await running.stripe.accountLinks.create({
    account: id,
    type: 'account_onboarding',
    return_url: 'http://shop.example',
    refresh_url: 'http://shop.example',
  });
  expect(link.url).toMatch(/^http:\/\/pay\.example\/setup\/s\//);
  running.child.kill('SIGTERM');
  await once(running.child, 'exit');
  const wrong = spawn(process.execPath, [main, '--webhook-url', 'http://x.example'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [text] = (await once(wrong.stderr, 'data')) as [Buffer];
  expect(text.toString()).toContain('--webhook-url and --webhook-secret go together');
  if (wrong.exitCode === null) await once(wrong, 'exit');
  expect(wrong.exitCode).toBe(2);
});
