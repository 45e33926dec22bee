import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { createServiceIdentity } from '@cnap/auth';
import { CallerService, ResolveCallerRequestSchema } from '@cnap/proto/cnap/identity/v1/caller_service';
import { Pool } from 'pg';
import type { Benchmark } from './benchmark.ts';
import { underLoad } from './load/run.ts';
import { startPlatform, type Platform } from './platform.ts';
import { cpuMicros } from './processes.ts';
import { median, percentile } from './statistics.ts';

/** Fewer than an address may try within a quarter of an hour. */
const signIns = 40;
const atOnce = 4;
const inFlight = 64;

export const signIn: Benchmark = {
  name: 'sign-in',
  summary: 'signing in with a password, and checking a token that nobody remembers',
  async run(context) {
    const { progress, quick } = context;
    progress.phase('starting the platform');
    await using platform = await startPlatform(join(context.scratch, 'platform'), context);
    const identity = platform.processOf('identity').pid;
    progress.phase('signing in');
    const entered = await enter(platform, quick ? 12 : signIns, identity, (share) => progress.at(share / 2));
    progress.phase('checking tokens');
    const checked = await check(platform, quick, identity);
    progress.at(1);
    return {
      figures: [
        { what: 'sign-ins with a password', value: entered.perSecond, unit: '/s' },
        { what: 'sign-in: p50', value: median(entered.times), unit: 'ms' },
        { what: 'CPU of a sign-in, identity', value: entered.cpu, unit: 'µs' },
        { what: 'token checks', value: (checked.count / checked.ms) * 1_000, unit: '/s' },
        { what: 'token check: p50', value: median(checked.times), unit: 'ms' },
        { what: 'token check: p99', value: percentile(checked.times, 0.99), unit: 'ms' },
        {
          what: 'CPU of a token check, identity',
          value: (checked.cpuMicros[0] ?? 0) / checked.count,
          unit: 'µs',
        },
      ],
      notes: [
        `Sign-ins: ${entered.times.length}, ${atOnce} at a time, through the gateway; nearly all of it is the password's hash (scrypt), which is meant to be slow.`,
        `Token checks: identity's ResolveCaller with a personal access token, ${inFlight} in flight on 4 connections; the gateway asks once in 4 s for each credential.`,
      ],
    };
  },
};

async function enter(
  { dev }: Platform,
  count: number,
  identity: number,
  at: (share: number) => void,
): Promise<{ perSecond: number; times: number[]; cpu: number }> {
  const person = { email: 'bench@example.com', password: 'a long enough password', name: 'Bench' };
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${dev.url}/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: dev.url },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status} ${text.slice(0, 200)}`);
  };
  await post('/sign-up/email', person);
  const pool = new Pool({ connectionString: dev.database_url, max: 1 });
  await pool.query('update identity.users set email_verified = true where email = $1', [person.email]);
  await pool.end();
  const times: number[] = [];
  const begun = performance.now();
  const before = cpuMicros(identity);
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const sent = performance.now();
      await post('/sign-in/email', person);
      times.push(performance.now() - sent);
      at(times.length / count);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  const seconds = (performance.now() - begun) / 1_000;
  return { perSecond: count / seconds, times, cpu: (cpuMicros(identity) - before) / count };
}

async function check({ dev, kept }: Platform, quick: boolean, identity: number) {
  const gateway = createServiceIdentity({ service: 'gateway', privateKey: kept.keys.gateway.privateKey });
  const request = create(ResolveCallerRequestSchema, {
    credential: dev.seller.token,
    workspaceId: dev.seller.workspace_id,
    address: '203.0.113.7',
  });
  return underLoad(
    {
      kind: 'calls',
      origin: `http://127.0.0.1:${kept.ports.identity}`,
      path: `/${CallerService.typeName}/${CallerService.method.resolveCaller.name}`,
      headers: {
        'content-type': 'application/proto',
        'connect-protocol-version': '1',
        authorization: `Bearer ${await gateway.token('identity')}`,
      },
      body: Buffer.from(toBinary(ResolveCallerRequestSchema, request)).toString('base64'),
      expect: dev.seller.workspace_id,
      status: 'http',
      connections: 4,
      inFlight,
      warmUpCalls: quick ? 800 : 4_000,
      ms: quick ? 1_500 : 8_000,
    },
    [identity],
  );
}
