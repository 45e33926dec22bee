import { connect } from 'node:net';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { aloneOnServer, eventually, freshDatabase, testNats } from '../src/index.ts';

test('a fresh database is empty, of its own, and gone when disposed', async () => {
  let url: string;
  {
    await using database = await freshDatabase();
    await using other = await freshDatabase();
    expect(database.name).not.toBe(other.name);
    url = database.adminUrl;
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined); // dropping the database ends this session
    await client.connect();
    const { rows } = await client.query('select current_database() as name');
    expect(rows).toEqual([{ name: database.name }]);
  }
  const late = new Client({ connectionString: url });
  await expect(late.connect()).rejects.toThrow('does not exist');
});

test('work alone on the server is never two at once', async () => {
  let inside = 0;
  const seen = await Promise.all(
    Array.from({ length: 5 }, () =>
      aloneOnServer(async () => {
        inside += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return inside--;
      }),
    ),
  );
  expect(seen).toEqual([1, 1, 1, 1, 1]);
});

test('NATS answers with JetStream, and each caller has its own subjects', async () => {
  const { url, subjectPrefix } = testNats();
  expect(testNats().subjectPrefix).not.toBe(subjectPrefix);
  const { hostname, port } = new URL(url);
  const greeting = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
  expect(JSON.parse(greeting.slice('INFO '.length))).toMatchObject({ jetstream: true });
});

test('eventually waits for a condition and says what was still wrong', async () => {
  let calls = 0;
  expect(await eventually(() => ++calls >= 3 && 'done')).toBe('done');
  await expect(eventually(() => false, { timeoutMs: 30 })).rejects.toThrow('still false');
  const failing = eventually(() => expect(calls).toBe(99), { timeoutMs: 30 });
  await expect(failing).rejects.toThrow(/not within 30 ms.*expected 3 to be 99/s);
});
