import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { startKubesim } from './index.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'public-url': { type: 'string' },
    data: { type: 'string' },
    kubeconfig: { type: 'string' },
    nodes: { type: 'string', default: '1' },
    'pod-delay-ms': { type: 'string', default: '0' },
    'no-pod-events': { type: 'boolean', default: false },
  },
});

try {
  await using kubesim = await startKubesim({
    host: values.host,
    port: Number(values.port),
    publicUrl: values['public-url']?.replace(/\/+$/, ''),
    data: values.data,
    nodes: Number(values.nodes),
    podDelayMs: Number(values['pod-delay-ms']),
    podEvents: !values['no-pod-events'],
  });
  if (values.kubeconfig) {
    mkdirSync(dirname(values.kubeconfig), { recursive: true });
    writeFileSync(values.kubeconfig, kubesim.kubeconfig, { mode: 0o600 });
  }
  process.stdout.write(`kubesim: simulated Kubernetes on ${kubesim.url}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const why =
    code === 'EADDRINUSE'
      ? `port ${values.port} is taken`
      : error instanceof Error
        ? error.message
        : String(error);
  process.stderr.write(`kubesim: ${why}\n`);
  process.exitCode = 1;
}
