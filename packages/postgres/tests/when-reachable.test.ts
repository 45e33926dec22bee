import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { isDatabaseUnavailable, openDatabase, whenReachable } from '../src/index.ts';
import { startThings } from './things.ts';

test('what a start needs is done as soon as the database is there; other errors are told at once', async () => {
  await using things = await startThings();
  const real = new URL(things.url);
  let refused = 0;
  const server = createServer((near) => {
    near.on('error', () => undefined);
    if ((refused += 1) <= 2) return void near.destroy();
    const far = connect({ host: real.hostname, port: Number(real.port) });
    far.on('error', () => near.destroy());
    return void near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const flaky = new URL(real);
  flaky.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using db = openDatabase({ url: flaky.href, schema: things.db.schema });

  const heard: unknown[] = [];
  await whenReachable(
    () => db.acrossWorkspaces(() => Promise.resolve()),
    (error) => heard.push(error),
  );
  expect(heard).toHaveLength(2);
  expect(heard.every(isDatabaseUnavailable)).toBe(true);

  const mistake = new Error('no such table');
  await expect(
    whenReachable(
      () => Promise.reject(mistake),
      (error) => heard.push(error),
    ),
  ).rejects.toBe(mistake);
  expect(heard).toHaveLength(2);
  server.close();
});
