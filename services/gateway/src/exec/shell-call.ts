import { once } from 'node:events';
import { constants, type ClientHttp2Stream, type IncomingHttpStatusHeader } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ExecPodRequestSchema,
  ExecPodResponseSchema,
  PodService,
  type ExecPodResponse,
} from '@cnap/proto/cnap/installer/v1/pod_service';
import type { Backends } from '@cnap/rpc';
import { ConnectError } from '@connectrpc/connect';
import { createEnvelopeReader, envelope } from '../rest/envelope.ts';
import { errorAtEnd } from '../rest/stream.ts';
import { errorIn, openCall, unreachable, type ServiceHeaders } from '../rest/service-call.ts';
import type { ShellRequest } from './frames.ts';

/** A shell that runs at the installer. Disposing of it ends it. */
export type ShellCall = Disposable & {
  /** What it answers, at the pace at which it is read. Throws ConnectError. */
  readonly answers: AsyncGenerator<ExecPodResponse, void>;
  /** Resolves when the installer has taken it. */
  send(request: ShellRequest): Promise<void>;
};

const service = 'installer';
const operation = { rpc: PodService.method.execPod, service, stream: { kind: 'json' } } as const;

/** Opens the call; whatever goes wrong is thrown by its answers. */
export function openShellCall(backends: Backends, headers: ServiceHeaders): ShellCall {
  const stream = openCall(backends, operation, headers, undefined);
  const closed = Promise.withResolvers<void>();
  stream.once('close', closed.resolve);
  stream.on('error', closed.resolve);
  return {
    answers: answersOf(stream),
    async send(request) {
      if (!stream.writable) return;
      const bytes = toBinary(ExecPodRequestSchema, create(ExecPodRequestSchema, request));
      if (stream.write(envelope(bytes))) return;
      await Promise.race([once(stream, 'drain').catch(() => undefined), closed.promise]);
    },
    [Symbol.dispose]: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}

async function* answersOf(stream: ClientHttp2Stream): AsyncGenerator<ExecPodResponse, void> {
  const messages: Buffer[] = [];
  let end: Buffer | undefined;
  const read = createEnvelopeReader({
    message: (message) => messages.push(message),
    end: (json) => (end = json),
  });
  try {
    const status = await statusOf(stream);
    if (status !== 200) throw errorIn(await wholeOf(stream), status);
    for await (const chunk of stream) {
      read(chunk as Buffer);
      while (messages.length > 0) {
        yield fromBinary(ExecPodResponseSchema, messages.shift() ?? Buffer.alloc(0));
      }
    }
  } catch (error) {
    throw error instanceof ConnectError ? error : unreachable(service, error);
  }
  if (end === undefined) throw unreachable(service, new Error('the shell was cut off'));
  const error = errorAtEnd(end);
  if (error !== undefined) throw error;
}

async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const { promise: closed, reject } = Promise.withResolvers<never>();
  closed.catch(() => undefined);
  const onClose = (): void => reject(new Error('the call was cut off'));
  stream.once('close', onClose);
  const [headers] = (await Promise.race([once(stream, 'response'), closed])) as [IncomingHttpStatusHeader];
  stream.off('close', onClose);
  return headers[':status'] ?? 0;
}

async function wholeOf(stream: ClientHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
