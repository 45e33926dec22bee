import { setTimeout as pause } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { messageOf } from '@cnap/errors';
import { TokenEventSchema } from '@cnap/proto/cnap/identity/v1/token_event';
import { MemberEventSchema, WorkspaceEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';
import type { Logger } from '@cnap/telemetry';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Revoked } from '../caller/port.ts';

export type RevocationOptions = {
  natsUrl: string;
  /** Sets platforms apart on a shared server; empty: none. */
  subjectPrefix: string;
  onRevoked: (revoked: Revoked) => void;
  logger: Logger;
};

const reconnectMs = 500;

/** The facts after which a kept caller may be wrong, and whom they are about. */
const facts: Record<string, (data: Uint8Array) => Revoked> = {
  'identity.v1.token.revoked': (data) => credential(data),
  'identity.v1.session.revoked': (data) => credential(data),
  'identity.v1.member.*': (data) => ({ userId: fromBinary(MemberEventSchema, data).userId }),
  'identity.v1.workspace.deleted': (data) => ({
    workspaceId: fromBinary(WorkspaceEventSchema, data).workspaceId,
  }),
};

const credential = (data: Uint8Array): Revoked => ({
  credentialId: fromBinary(TokenEventSchema, data).credentialId,
});

/**
 * Listens to identity's facts as they are published, without a consumer of its own: what is missed while NATS is
 * away is felt a few seconds later anyhow.
 */
export function followRevocations(options: RevocationOptions): AsyncDisposable {
  const stop = new AbortController();
  const running = follow(options, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function follow(options: RevocationOptions, signal: AbortSignal): Promise<void> {
  let told = false;
  while (!signal.aborted) {
    try {
      await listen(options, signal, () => (told = false));
    } catch (error) {
      const reason = messageOf(error);
      if (!told) options.logger.warn({ reason }, 'NATS is away: revocations are felt within seconds');
      told = true;
    }
    await pause(reconnectMs, undefined, { signal }).catch(() => undefined);
  }
}

async function listen(options: RevocationOptions, signal: AbortSignal, listening: () => void): Promise<void> {
  const { natsUrl, subjectPrefix, onRevoked } = options;
  const connection = await connect({
    servers: natsUrl,
    name: 'cnap-gateway',
    timeout: 5_000,
    reconnect: false,
    pingInterval: 5_000,
    maxPingOut: 2,
  });
  const close = (): void => void connection.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    if (signal.aborted) return;
    for (const [subject, read] of Object.entries(facts)) {
      subscribe(connection, subjectPrefix === '' ? subject : `${subjectPrefix}.${subject}`, (data) =>
        onRevoked(read(data)),
      );
    }
    await connection.flush();
    listening();
    // Facts of the time without a connection were missed.
    onRevoked('everything');
    const error = await connection.closed();
    if (error) throw error;
  } finally {
    signal.removeEventListener('abort', close);
    await connection.close();
  }
}

function subscribe(connection: NatsConnection, subject: string, received: (data: Uint8Array) => void): void {
  connection.subscribe(subject, {
    callback: (error, message) => {
      if (error === null || error === undefined) received(message.data);
    },
  });
}
