import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@cnap/proto/grpc/health/v1/health';
import { setTimeout as pause } from 'node:timers/promises';

const watchMs = 5_000;

/** `grpc.health.v1` for the services named and for the server as a whole (the empty name). */
export function healthRoutes(services: readonly string[], isReady: () => Promise<boolean>) {
  const known = new Set(['', ...services]);
  const status = async (): Promise<Status> => ((await isReady()) ? Status.SERVING : Status.NOT_SERVING);
  return (router: ConnectRouter): void => {
    router.service(Health, {
      async check({ service }) {
        if (!known.has(service)) throw new ConnectError(`no service ${service}`, Code.NotFound);
        return { status: await status() };
      },
      async list() {
        const current = await status();
        return { statuses: Object.fromEntries([...known].map((service) => [service, { status: current }])) };
      },
      async *watch({ service }, { signal }) {
        let last: Status | undefined;
        while (!signal.aborted) {
          const current = known.has(service) ? await status() : Status.SERVICE_UNKNOWN;
          if (current !== last) yield { status: current };
          last = current;
          await pause(watchMs, undefined, { signal }).catch(() => undefined);
        }
      },
    });
  };
}
