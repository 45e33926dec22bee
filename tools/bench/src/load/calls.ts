import { connect, type ClientHttp2Session } from 'node:http2';
import type { CallJob, LoadResult } from './job.ts';

const longestWarmUpMs = 5_000;

/** Keeps `inFlight` calls going on a few HTTP/2 connections. `begun` is told when the warm-up is over. */
export async function makeCalls(job: CallJob, begun: () => void): Promise<LoadResult> {
  const sessions = Array.from({ length: job.connections }, () => connect(job.origin));
  for (const session of sessions) session.on('error', () => undefined); // its calls fail with it
  const call = caller(job);
  await call(sessions[0]); // once alone: a mistake shows as one, not as thousands
  const result: LoadResult = { count: 0, failed: 0, firstFailure: '', ms: 0, times: [] };
  await warmUp(job, sessions, call);
  begun();
  const until = performance.now() + job.ms;
  const lane = async (index: number) => {
    const session = sessions[index % sessions.length];
    for (let sent = performance.now(); sent < until; sent = performance.now()) {
      const failure = await call(session).then(
        () => '',
        (error: unknown) => String(error),
      );
      const now = performance.now();
      if (now > until) return; // it was not done in time
      result.count += 1;
      if (failure !== '') result.failed += 1;
      result.firstFailure ||= failure;
      result.times.push(now - sent);
    }
  };
  await Promise.all(Array.from({ length: job.inFlight }, (_, index) => lane(index)));
  for (const session of sessions) session.destroy();
  return { ...result, ms: job.ms };
}

/** Code is compiled as it is called: by count, so that a busy machine measures compiled code as well. */
async function warmUp(
  { warmUpCalls, inFlight }: CallJob,
  sessions: ClientHttp2Session[],
  call: ReturnType<typeof caller>,
): Promise<void> {
  const giveUpAt = performance.now() + longestWarmUpMs;
  let left = warmUpCalls;
  const lane = async (index: number) => {
    while (left > 0 && performance.now() < giveUpAt) {
      left -= 1;
      await call(sessions[index % sessions.length]);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => lane(index)));
}

function caller(job: CallJob): (session: ClientHttp2Session | undefined) => Promise<void> {
  const body = Buffer.from(job.body, 'base64');
  const headers = { ':method': job.method ?? 'POST', ':path': job.path, ...job.headers };
  return (session) =>
    new Promise((resolve, reject) => {
      if (!session) throw new Error('there is no connection');
      const stream = session.request(headers);
      const chunks: Buffer[] = [];
      let status = 0;
      let grpcStatus = '';
      stream.setTimeout(10_000, () => stream.close());
      stream.on('response', (answer) => {
        status = Number(answer[':status']);
        grpcStatus = String(answer['grpc-status'] ?? '');
      });
      stream.on('trailers', (trailers) => (grpcStatus = String(trailers['grpc-status'])));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () => {
        const text = Buffer.concat(chunks).toString('latin1');
        const isGood =
          status === 200 &&
          text.includes(job.expect) &&
          (job.status !== 'trailers' || grpcStatus === '0') &&
          (job.status !== 'last-frame' || /grpc-status: ?0/.test(text));
        if (isGood) resolve();
        else reject(new Error(`answered ${status} ${grpcStatus} ${text.slice(0, 300)}`));
      });
      if (job.method !== 'GET') stream.end(body); // a GET's is ended already
    });
}
