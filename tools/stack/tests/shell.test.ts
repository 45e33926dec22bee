// A shell into what was bought, through every door, on a real control plane where commands really run.
import { once } from 'node:events';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { eventually, realKubernetes } from '@cnap/testing';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startPlatform, type Platform } from './platform.ts';
import { buyOnce } from './sales.ts';

const kubernetes = await realKubernetes();
let platform: Platform;
let installId: string;
beforeAll(async () => {
  if (!kubernetes) return;
  platform = await startPlatform({}, kubernetes.kubeconfig);
  ({ installId } = await buyOnce(platform, platform.sample.products.one_time));
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await kubernetes?.[Symbol.asyncDispose]();
});

const headersOf = (person: 'buyer' | 'seller') => ({
  authorization: `Bearer ${platform.sample[person].token}`,
  'x-workspace-id': platform.sample[person].workspace_id,
});
const shellOf = (person: 'buyer' | 'seller') =>
  new WebSocket(`${platform.url.replace('http', 'ws')}/api/exec/installs/${installId}/shell`, {
    headers: headersOf(person),
  });

describe.skipIf(!kubernetes)('on a real control plane', () => {
  test('the seller types into a WebSocket, and both sides read of it in their audit logs', async () => {
    const socket = shellOf('seller');
    let text = '';
    const frames: { type: string; data?: string }[] = [];
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string; data?: string };
      frames.push(frame);
      text += frame.data ?? '';
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'input', data: 'echo $((6 * 7))" is it"; exit\n' }));
    await once(socket, 'close');
    expect(text).toContain('42 is it');
    expect(frames.at(-1)).toEqual({ type: 'close' });
    for (const person of ['seller', 'buyer'] as const) {
      await eventually(async () => {
        const { auditEntries } = await platform
          .as(person)
          .auditEntries.listAuditEntries({ action: 'installer.v1.shell.opened' });
        expect(auditEntries).toMatchObject([
          { actorEmail: platform.sample.seller.email, credentialId: expect.stringMatching(/^tok_/) },
        ]);
      });
    }
  });

  test('the buyer is told that the seller does not offer it', async () => {
    const socket = shellOf('buyer');
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(403);
    socket.on('error', () => undefined);
    socket.terminate();
  });

  test.each(['gRPC', 'Connect'])('%s runs commands, too', async (protocol) => {
    const baseUrl = platform.url;
    const transport =
      protocol === 'gRPC'
        ? createGrpcTransport({ baseUrl })
        : createConnectTransport({ baseUrl, httpVersion: '2' });
    async function* start() {
      const command = ['/bin/sh', '-c', 'echo from the container'];
      yield { message: { case: 'start' as const, value: { installId, command } } };
    }
    let output = '';
    const call = createClient(PodService, transport).execPod(start(), { headers: headersOf('seller') });
    for await (const { message } of call) {
      if (message.case === 'output') output += Buffer.from(message.value).toString();
    }
    expect(output).toBe('from the container\n');
  });
});
