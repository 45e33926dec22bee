import { migrations as billing } from '@cnap/billing/migrations';
import { migrations as catalog } from '@cnap/catalog/migrations';
import { migrations as clusters } from '@cnap/clusters/migrations';
import { migrations as identity } from '@cnap/identity/migrations';
import { migrations as installer } from '@cnap/installer/migrations';
import { migrate } from '@cnap/postgres';
import type { ServiceName } from '@cnap/proto';

const migrations = { identity, clusters, catalog, billing, installer };

/**
 * Brings all schemas up to date, each with its own role.
 * @param urlOf the database URL of a service's own role, with its password
 * @returns how many migrations ran
 */
export async function migrateAll(adminUrl: string, urlOf: (service: ServiceName) => string): Promise<number> {
  const ran = await Promise.all(
    (Object.keys(migrations) as ServiceName[]).map((service) => {
      const { username, password } = new URL(urlOf(service));
      const role = { name: decodeURIComponent(username), password: decodeURIComponent(password) };
      return migrate({ adminUrl, service, role, migrations: migrations[service] });
    }),
  );
  return ran.flat().length;
}
