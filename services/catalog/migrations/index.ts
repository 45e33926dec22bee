import { eventsMigrations } from '@cnap/events';
import { postgresMigrations } from '@cnap/postgres';
import { reconcileMigrations } from '@cnap/reconcile';
import type { Migration } from 'kysely/migration';
import { templateAndPackage } from './0001_template_and_package.ts';
import { product } from './0002_product.ts';
import { registryCredential } from './0003_registry_credential.ts';
import { readModels } from './0004_read_models.ts';
import { registryToken } from './0005_registry_token.ts';

/** Every migration of the schema `catalog`, those of packages among them. */
export const migrations: Record<string, Migration> = {
  ...postgresMigrations,
  ...reconcileMigrations,
  ...eventsMigrations,
  '0001_template_and_package': templateAndPackage,
  '0002_product': product,
  '0003_registry_credential': registryCredential,
  '0004_read_models': readModels,
  '0005_registry_token': registryToken,
};
