import { type AddressInfo, createServer } from 'node:net';

import { expect, test } from 'vitest';

import { connect } from '../src/index.ts';

test('a cluster that is not there is unreachable', async () => {
  await using cluster = connect({ context: 'x', server: 'http://127.0.0.1:1', token: 't' });
  await expect(cluster.version()).rejects.toMatchObject({
    code: 0,
    reason: 'Unreachable',
    unavailable: true,
  });
});

test('a cluster that takes the call and never answers ends at the deadline', async () => {
  const held = createServer(() => undefined);
  await new Promise<void>((done) => held.listen(0, '127.0.0.1', done));
  const { port } = held.address() as AddressInfo;
  await using cluster = connect(
    { context: 'x', server: `http://127.0.0.1:${port}`, token: 't' },
    { callTimeoutMs: 200 },
  );
  await expect(cluster.version()).rejects.toMatchObject({ code: 0, reason: 'Timeout' });
  const stop = new AbortController();
  const call = cluster.version(stop.signal);
  stop.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  held.close();
});
