// A program as a service's main.ts is, for run.test.ts.
import { ConfigError } from '@cnap/config';
import { runService } from '../src/index.ts';

const how = process.argv[2];

await runService('fixture', async () => {
  if (how === 'misconfigured') throw new ConfigError(['PORT is missing', 'NATS_URL is not a URL']);
  if (how === 'broken') throw new Error('no disk');
  if (how === 'waiting') {
    process.send?.({ waits: true });
    await new Promise(() => setInterval(() => undefined, 1_000));
  }
  const timer = setInterval(() => undefined, 1_000);
  return {
    url: 'http://127.0.0.1:1',
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      process.stdout.write('disposed\n');
    },
  };
});
