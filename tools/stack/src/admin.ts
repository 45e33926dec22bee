// The operator's command:   pnpm cnap-admin create-user --email <address> [--name <name>] [--workspace <name>]
//                           pnpm -s cnap-admin make-keys > .env      (new keys and passwords for a deployment)
// create-user talks to identity's internal port with the key of the service "admin": CNAP_IDENTITY_URL and
// CNAP_SERVICE_PRIVATE_KEY, or what `npm start` keeps in .cnap.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '@cnap/errors';
import { say } from './console.ts';
import type { Kept } from './kept.ts';
import { makeKeys } from './make-keys.ts';
import { Mistake } from './options.ts';
import { provisionUser, type OperatorAccess } from './provision.ts';

const usage = `pnpm cnap-admin create-user --email <address> [--name <name>] [--workspace <name>] [--json]
pnpm -s cnap-admin make-keys`;

async function accessFromEnvironment(): Promise<OperatorAccess> {
  const { CNAP_IDENTITY_URL: identityUrl, CNAP_SERVICE_PRIVATE_KEY: privateKey } = process.env;
  if (identityUrl && privateKey) return { identityUrl, privateKey };
  const file = join(resolve(process.env['CNAP_DATA'] ?? '.cnap'), 'kept.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Mistake(
      `set CNAP_IDENTITY_URL and CNAP_SERVICE_PRIVATE_KEY, or run "npm start" (there is no ${file})`,
    );
  });
  const kept = JSON.parse(text) as Kept;
  return { identityUrl: `http://127.0.0.1:${kept.ports.identity}`, privateKey: kept.keys.admin.privateKey };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      email: { type: 'string' },
      name: { type: 'string' },
      workspace: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (positionals[0] === 'make-keys') {
    for (const [variable, value] of Object.entries(makeKeys())) say(`${variable}='${value}'`);
    return;
  }
  if (positionals[0] !== 'create-user' || !values.email) throw new Mistake(usage);
  const name = values.name ?? values.email.split('@')[0] ?? values.email;
  const made = await provisionUser(await accessFromEnvironment(), {
    email: values.email,
    name,
    workspaceName: values.workspace ?? name,
    tokenName: 'first token',
  });
  if (values.json) return say(JSON.stringify(made));
  say(`user       ${made.userId}  ${values.email}`);
  say(`workspace  ${made.workspaceId}`);
  say(`token      ${made.token}`);
  return say('The token is shown once: keep it now.');
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}
process.exit(0);
