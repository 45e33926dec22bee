// What a read costs at the least: connect-node and one select in one process. And what a webhook costs at the least:
// node:http, the signature and one insert.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { createHmac, timingSafeEqual } from 'node:crypto';
import process from 'node:process';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Pool } from 'pg';
import { tell, told } from '../programs.ts';

const pool = new Pool({ connectionString: process.env['DATABASE_URL'] ?? '', max: 10 });
const secret = process.env['WEBHOOK_SECRET'] ?? '';
await pool.query('create table if not exists bare_event (id text primary key, account text, type text)');

const rpc = createHttp2Server(
  connectNodeAdapter({
    routes: (router) =>
      router.service(RegionService, {
        async getRegion({ id }) {
          const { rows } = await pool.query({
            name: 'region',
            text: `select id, workspace_id, name, icon, country, version, created_at, updated_at
                   from clusters.regions where id = $1`,
            values: [id],
          });
          const [row] = rows;
          return {
            region: {
              id: row.id,
              workspaceId: row.workspace_id,
              name: row.name,
              icon: row.icon,
              country: row.country,
              etag: row.version,
              createTime: timestampFromDate(row.created_at),
              updateTime: timestampFromDate(row.updated_at),
            },
          };
        },
      }),
  }),
);

const webhook = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const [, time = '', signature = ''] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['stripe-signature'])) ?? [];
    const wanted = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
    if (signature === '' || !timingSafeEqual(wanted, Buffer.from(signature, 'hex'))) {
      return void response.writeHead(400).end();
    }
    const event = JSON.parse(body.toString()) as { id: string; account: string; type: string };
    const text = 'insert into bare_event values ($1, $2, $3) on conflict do nothing';
    return void pool.query({ name: 'event', text, values: [event.id, event.account, event.type] }).then(
      () => response.end('{"received":true}'),
      () => response.writeHead(503).end(),
    );
  });
});

tell({ rpc: await listening(rpc), webhook: await listening(webhook) });
for await (const _ of told()); // until whoever started it is gone
process.exit(0);

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
