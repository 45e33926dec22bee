import { join } from 'node:path';
import { create, toBinary, toJsonString } from '@bufbuild/protobuf';
import { GetRegionRequestSchema, RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import type { Benchmark, Context } from './benchmark.ts';
import type { CallJob } from './load/job.ts';
import { underLoad } from './load/run.ts';
import { startPlatform, type Platform } from './platform.ts';
import { startProgram } from './programs.ts';
import type { Figure } from './result.ts';
import { median, percentile } from './statistics.ts';

type Protocol = {
  name: string;
  headers: Record<string, string>;
  status: CallJob['status'];
  body: Buffer;
  /** Of the RPC, unless told. */
  target?: Pick<CallJob, 'method' | 'path'>;
};

const inFlight = 64;
const connections = 4;

export const read: Benchmark = {
  name: 'read',
  summary: 'an authenticated read through gateway, service and Postgres, in each protocol',
  async run(context) {
    context.progress.phase('starting the platform');
    await using platform = await startPlatform(join(context.scratch, 'platform'), context);
    await using bare = startProgram('bare/main.ts', { DATABASE_URL: platform.dev.database_url });
    const { rpc } = await bare.next();
    const measured = await measure(context, platform, { url: String(rpc), pid: bare.pid });
    return {
      figures: figuresOf(measured),
      notes: [
        `${inFlight} calls in flight on ${connections} HTTP/2 connections, GetRegion; the client is a process of its own on the same cores.`,
        `Bare: connect-node and one select by primary key in one process, no authentication, same client and Postgres.`,
      ],
    };
  },
};

type Row = { name: string; perSecond: number; times: number[]; cpu: number[] };

async function measure(
  context: Context,
  platform: Platform,
  bare: { url: string; pid: number },
): Promise<Row[]> {
  const names = ['gateway', 'clusters', 'identity'];
  const pids = names.map((name) => platform.processOf(name).pid);
  const request = create(GetRegionRequestSchema, { id: platform.dev.region_id });
  const binary = Buffer.from(toBinary(GetRegionRequestSchema, request));
  const json = Buffer.from(toJsonString(GetRegionRequestSchema, request));
  const protocols = [...protocolsFor(binary, json), restOf(platform.dev.region_id)];
  const [connect] = protocols;
  const rows: Row[] = [];
  const one = async (name: string, protocol: Protocol, origin: string, watched: number[]) => {
    context.progress.phase(name);
    const job = jobOf(protocol, origin, platform, context.quick);
    const { count, times, ms, cpuMicros } = await underLoad(job, watched);
    rows.push({
      name,
      perSecond: (count / ms) * 1_000,
      times,
      cpu: cpuMicros.map((micros) => micros / count),
    });
    context.progress.at(rows.length / (protocols.length + 1));
  };
  if (connect) await one('bare', connect, bare.url, [bare.pid]);
  for (const protocol of protocols) await one(protocol.name, protocol, platform.dev.url, pids);
  return rows;
}

function protocolsFor(binary: Buffer, json: Buffer): Protocol[] {
  const length = Buffer.alloc(5);
  length.writeUInt32BE(binary.length, 1);
  const framed = Buffer.concat([length, binary]);
  const connect = { 'connect-protocol-version': '1' };
  return [
    {
      name: 'Connect',
      headers: { 'content-type': 'application/proto', ...connect },
      status: 'http',
      body: binary,
    },
    {
      name: 'Connect JSON',
      headers: { 'content-type': 'application/json', ...connect },
      status: 'http',
      body: json,
    },
    {
      name: 'gRPC',
      headers: { 'content-type': 'application/grpc', te: 'trailers' },
      status: 'trailers',
      body: framed,
    },
    {
      name: 'gRPC-Web',
      headers: { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' },
      status: 'last-frame',
      body: framed,
    },
  ];
}

const restOf = (regionId: string): Protocol => ({
  name: 'REST',
  headers: {},
  status: 'http',
  body: Buffer.alloc(0),
  target: { method: 'GET', path: `/v1/regions/${regionId}` },
});

function jobOf(protocol: Protocol, origin: string, { dev }: Platform, quick: boolean): CallJob {
  return {
    kind: 'calls',
    origin,
    path: `/${RegionService.typeName}/${RegionService.method.getRegion.name}`,
    ...protocol.target,
    headers: {
      ...protocol.headers,
      authorization: `Bearer ${dev.seller.token}`,
      'x-workspace-id': dev.seller.workspace_id,
    },
    body: protocol.body.toString('base64'),
    expect: dev.region_id,
    status: protocol.status,
    connections,
    inFlight,
    warmUpCalls: quick ? 800 : 4_000,
    ms: quick ? 1_500 : 8_000,
  };
}

function figuresOf(rows: Row[]): Figure[] {
  const [bare, ...others] = rows;
  if (!bare) return [];
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const figures = others.flatMap(({ name, perSecond, times, cpu }): Figure[] => {
    const isMain = name === 'Connect';
    const beside = (value: number) => ({ what: 'bare', value });
    return [
      {
        what: `${name}: reads`,
        value: perSecond,
        unit: '/s',
        beside: beside(bare.perSecond),
        ...(isMain ? { goal: { least: 1_500 } } : {}),
      },
      { what: `${name}: p50`, value: median(times), unit: 'ms', beside: beside(median(bare.times)) },
      {
        what: `${name}: p99`,
        value: percentile(times, 0.99),
        unit: 'ms',
        beside: beside(percentile(bare.times, 0.99)),
        ...(isMain ? { goal: { most: 50 } } : {}),
      },
      {
        what: `${name}: CPU of a call, all services`,
        value: sum(cpu),
        unit: 'µs',
        beside: beside(sum(bare.cpu)),
        ...(isMain ? { goal: { mostTimes: 2.5 } } : {}),
      },
    ];
  });
  const cpuOf = (wanted: string) => sum(others.find(({ name }) => name === wanted)?.cpu ?? []);
  figures.push({
    what: 'REST: CPU of a call beside Connect JSON',
    value: cpuOf('REST'),
    unit: 'µs',
    beside: { what: 'Connect JSON', value: cpuOf('Connect JSON') },
    goal: { mostTimes: 1.3 },
  });
  const parts = others[0]?.cpu ?? [];
  const share = ['gateway', 'clusters', 'identity'].map((name, i): Figure => ({
    what: `Connect: CPU of a call, ${name}`,
    value: parts[i] ?? Number.NaN,
    unit: 'µs',
  }));
  return [...figures, ...share];
}
