// Another service, as far as its facts go.
import { eventsMigrations, publish, startEvents, type Fact } from '@cnap/events';
import { postgresMigrations } from '@cnap/postgres';
import { testDatabase } from '@cnap/testing';
import type { TestInstaller } from './test-installer.ts';

export type Publisher = AsyncDisposable & {
  publish(fact: Omit<Fact, 'service' | 'workspaceIds'>): Promise<void>;
};

export async function startPublisher(
  installer: TestInstaller,
  service: 'catalog' | 'clusters' | 'identity',
): Promise<Publisher> {
  await using parts = new AsyncDisposableStack();
  const { db } = parts.use(await testDatabase(service, { ...postgresMigrations, ...eventsMigrations }));
  const { url, subjectPrefix } = installer.nats;
  const events = parts.use(
    await startEvents({ db, natsUrl: url, subjectPrefix, service, subscriptions: [] }),
  );
  const owned = parts.move();
  return {
    async publish(fact) {
      const workspaceIds = [installer.sellerWorkspaceId];
      await db.acrossWorkspaces((tx) => publish(tx, { service, workspaceIds, ...fact }));
      await events.flushed();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
