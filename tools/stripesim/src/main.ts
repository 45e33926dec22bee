import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startStripesim } from './index.ts';

const usage =
  'node src/main.ts [--port 12111] [--host 127.0.0.1] [--public-url URL] [--data DIR] [--webhook-url URL --webhook-secret whsec_…] [--api-key sk_test_…]';

function fail(message: string): never {
  console.error(`stripesim: ${message}\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '12111' },
        host: { type: 'string', default: '127.0.0.1' },
        'public-url': { type: 'string' },
        data: { type: 'string' },
        'webhook-url': { type: 'string' },
        'webhook-secret': { type: 'string' },
        'api-key': { type: 'string', multiple: true },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const wanted = readArguments();
if (wanted.help) {
  console.log(usage);
  process.exit(0);
}
const port = Number(wanted.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`--port ${wanted.port} is not a port`);
const { 'webhook-url': webhookUrl, 'webhook-secret': webhookSecret } = wanted;
if ((webhookUrl === undefined) !== (webhookSecret === undefined)) {
  fail('--webhook-url and --webhook-secret go together');
}
if (webhookUrl !== undefined && !URL.canParse(webhookUrl)) fail(`--webhook-url ${webhookUrl} is not a URL`);

const publicUrl = wanted['public-url'];
if (publicUrl !== undefined && !URL.canParse(publicUrl)) fail(`--public-url ${publicUrl} is not a URL`);

const stripesim = await startStripesim({
  port,
  host: wanted.host,
  ...(publicUrl !== undefined && { publicUrl: publicUrl.replace(/\/+$/, '') }),
  ...(wanted.data !== undefined && { dataDir: wanted.data }),
  settings: {
    ...(webhookUrl !== undefined &&
      webhookSecret !== undefined && { webhooks: [{ url: webhookUrl, secret: webhookSecret }] }),
    ...(wanted['api-key'] && { apiKeys: wanted['api-key'] }),
  },
}).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
console.log(`stripesim, a simulated Stripe, on http://${stripesim.host}:${stripesim.port}`);
await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await stripesim[Symbol.asyncDispose]();
