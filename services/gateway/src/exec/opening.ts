import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '@cnap/errors';
import type { WebSocket, WebSocketServer } from 'ws';
import { refuseOtherSites } from '../auth/browser.ts';
import type { Entrance } from '../auth/entrance.ts';
import type { Callers } from '../caller/callers.ts';
import type { Call } from '../caller/port.ts';
import { workspaceMalformed } from '../caller/refusals.ts';
import { workspaceNamedBy } from '../rpc-forwarding/credential.ts';
import type { ShellCall } from './shell-call.ts';

export type CallerDeps = { entrance: Entrance; callers: Callers; publicUrl: string };

/** A cluster that does not answer is told before. */
const openingMs = 30_000;

/** undefined when it is no proper handshake, which is answered, or when the client is gone. */
export function upgraded(
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<WebSocket | undefined> {
  const { promise, resolve } = Promise.withResolvers<WebSocket | undefined>();
  socket.once('close', () => resolve(undefined));
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    // What comes before anybody listens would be lost.
    webSocket.pause();
    resolve(webSocket);
  });
  return promise;
}

export async function callerIn(
  request: IncomingMessage,
  { entrance, callers, publicUrl }: CallerDeps,
): Promise<{ call: Call; token: string }> {
  const credential = entrance.credentialOf(request);
  if (credential === undefined) throw signInRequired();
  // Pages of other sites may open WebSockets, and browsers send cookies along.
  if (request.headers.authorization === undefined) refuseOtherSites(request, publicUrl);
  const workspaceId = workspaceNamedBy(request.headers['x-workspace-id']);
  if (workspaceId === 'malformed') throw workspaceMalformed();
  const call = { credential, workspaceId, address: entrance.addressOf(request) };
  return { call, token: await callers.tokenFor(call) };
}

/** Asks for the shell that the query names and waits until it runs. */
export async function begin(request: IncomingMessage, installId: string, shell: ShellCall): Promise<void> {
  const { searchParams } = new URL(request.url ?? '/', 'http://gateway');
  const command = searchParams.get('shell');
  await shell.send({
    message: {
      case: 'start',
      value: {
        installId: decoded(installId),
        pod: searchParams.get('podName') ?? '',
        container: searchParams.get('containerName') ?? '',
        command: command === null || command === '' ? [] : [command],
        terminal: true,
      },
    },
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    shell[Symbol.dispose]();
  }, openingMs);
  try {
    await shell.answers.next();
  } catch (error) {
    throw late ? tooLate() : error;
  } finally {
    clearTimeout(timer);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const signInRequired = (): DomainError =>
  new DomainError('unauthenticated', 'SIGN_IN_REQUIRED', 'A shell needs a credential.', {
    suggestion: 'Send the header Authorization: Bearer followed by a token.',
  });

const tooLate = (): DomainError =>
  new DomainError('deadline-exceeded', 'DEADLINE_EXCEEDED', 'The container did not answer in time.');
