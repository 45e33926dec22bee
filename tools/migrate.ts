// Brings all schemas up to date; run once before a rollout:   node tools/migrate.ts
// DATABASE_URL: a role that may create schemas and roles. CNAP_<SERVICE>_DATABASE_URL: the URL each service will use,
// whose user and password become that service's role.
import { serviceNames } from './stack/src/layout.ts';
import { migrateAll } from './stack/src/migrate-all.ts';

const env = (name: string): string => {
  const value = process.env[name];
  if (!value) {
    process.stderr.write(`${name} is missing\n`);
    process.exit(78);
  }
  return value;
};
const adminUrl = env('DATABASE_URL');
const urls = new Map(serviceNames.map((name) => [name, env(`CNAP_${name.toUpperCase()}_DATABASE_URL`)]));
const count = await migrateAll(adminUrl, (service) => urls.get(service) ?? '');
process.stdout.write(`${count} migrations ran\n`);
