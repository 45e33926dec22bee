import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { port, secretText, url } from '../packages/config/src/index.ts';
import { checkDeployment, type Deployment } from './deployment/check.ts';
import { readCompose, readEnvFile } from './deployment/compose.ts';

const common = { HOST: secretText(), DATABASE_URL: url('postgres'), CNAP_KEYS: secretText(40) };
const good: Deployment = {
  services: {
    billing: { ...common, PORT: port(), CNAP_INSTALLER_URL: url() },
    installer: { ...common, PORT: port() },
  },
  compose: `
x-common: &common
  HOST: 0.0.0.0
  CNAP_KEYS: \${CNAP_KEYS:?make one}
services:
  migrate:
    command: [tools/migrate.ts]
    environment:
      CNAP_BILLING_DATABASE_URL: postgres://b:\${PASSWORD}@postgres/cnap
      CNAP_INSTALLER_DATABASE_URL: postgres://i@postgres/cnap
  network:
    networks: { default: { aliases: [installer] } }
  billing:
    command: [services/billing/src/main.ts]
    environment:
      <<: *common
      PORT: 7004
      DATABASE_URL: postgres://b:\${PASSWORD}@postgres/cnap
      CNAP_INSTALLER_URL: http://installer:7005
  installer:
    command: [services/installer/src/main.ts]
    network_mode: service:network
    environment:
      <<: *common
      PORT: \${INSTALLER_PORT:-7005}
      DATABASE_URL: postgres://i@postgres/cnap
`,
  envExample: 'CNAP_KEYS=\nPASSWORD=\nINSTALLER_PORT=7005\n',
  dockerfile:
    'ARG NODE_VERSION=24.1.0\nARG PNPM_VERSION=12.0.0\nCOPY package.json tools ./\nCOPY --from=build /app/tools ./\nCOPY --from=build /usr/bin/helm /x\n',
  madeKeys: { CNAP_KEYS: 'a'.repeat(40), PASSWORD: 'p' },
  versions: { node: '24.1.0', pnpm: '12.0.0' },
  exists: (path) => path !== 'gone',
};

const replaced = (part: 'compose' | 'envExample' | 'dockerfile', from: string, to: string) => {
  expect(good[part]).toContain(from);
  return checkDeployment({ ...good, [part]: good[part].replace(from, to) });
};

test('a deployment that fits its settings has no problems', () => {
  expect(checkDeployment(good)).toEqual([]);
});

const billing = 'docker-compose.yml, billing: ';
test.each<[string, 'compose' | 'envExample' | 'dockerfile', string, string, string]>([
  ['a setting without a place', 'compose', '      PORT: 7004\n', '', `${billing}no place for PORT`],
  [
    'a name no schema knows',
    'compose',
    'PORT: 7004',
    'PORT: 7004\n      PROT: 1',
    `${billing}PROT is no setting`,
  ],
  ['a value the schema refuses', 'compose', 'PORT: 7004', 'PORT: 99999', `${billing}PORT: must be a port`],
  ['loopback in a container', 'compose', '0.0.0.0', '127.0.0.1', `${billing}HOST must be 0.0.0.0`],
  [
    'a wrong port of a peer',
    'compose',
    'installer:7005',
    'installer:7004',
    `${billing}CNAP_INSTALLER_URL has port 7004`,
  ],
  [
    'a wrong name of a peer',
    'compose',
    'http://installer',
    'http://instaler',
    `${billing}CNAP_INSTALLER_URL names instaler`,
  ],
  [
    'an alias that is gone',
    'compose',
    '[installer]',
    '[other]',
    `${billing}CNAP_INSTALLER_URL names installer`,
  ],
  [
    'another program',
    'compose',
    'services/billing/',
    'services/bills/',
    `${billing}does not run services/billing/src/main.ts`,
  ],
  ['a service left out', 'compose', '  billing:', '  bills:', `${billing}the service is not there`],
  [
    'a role with another password',
    'compose',
    'DATABASE_URL: postgres://b:${PASSWORD}',
    'DATABASE_URL: postgres://b:x',
    'docker-compose.yml, migrate: CNAP_BILLING_DATABASE_URL',
  ],
  [
    'a secret nobody makes',
    'compose',
    '${CNAP_KEYS:?',
    '${CNAP_KEY:?',
    'docker-compose.yml: CNAP_KEY has no value',
  ],
  [
    'a variable not in the example',
    'envExample',
    'PASSWORD=\n',
    '',
    'deploy/.env.example does not name PASSWORD',
  ],
  ['a variable nothing uses', 'envExample', 'PASSWORD=', 'PASSWORD=\nOLD=', 'deploy/.env.example names OLD'],
  [
    'a source that is gone',
    'dockerfile',
    'package.json tools',
    'package.json gone',
    'deploy/Dockerfile:3: COPY of gone',
  ],
  [
    'a source that is gone, of a stage',
    'dockerfile',
    '/app/tools',
    '/app/gone',
    'deploy/Dockerfile:4: COPY of gone',
  ],
  ['another Node', 'dockerfile', '24.1.0', '22.0.0', 'deploy/Dockerfile: ARG NODE_VERSION must be 24.1.0'],
])('%s', (_name, part, from, to, problem) => {
  expect(replaced(part, from, to)).toContainEqual(expect.stringContaining(problem));
});

test('variables are filled in as compose does', () => {
  const file = `services: { a: { environment: { A: '\${SET:-no}', B: '\${EMPTY:-yes}', C: '\${EMPTY-no}', D: $SET, E: $$SET } } }`;
  const { services, missing } = readCompose(file, { SET: 'set', EMPTY: '' });
  expect(services['a']?.environment).toEqual({ A: 'set', B: 'yes', C: '', D: 'set', E: '$SET' });
  expect(missing).toEqual([]);
});

test('an env file may quote its values', () => {
  expect(readEnvFile(`# A=1\nB='{"c":"d="}'\nE=f`)).toEqual({ B: '{"c":"d="}', E: 'f' });
});

test('the repository itself can be deployed', () => {
  const command = join(import.meta.dirname, 'check-deploy.ts');
  expect(execFileSync(process.execPath, [command], { encoding: 'utf8' })).toBe('');
});
