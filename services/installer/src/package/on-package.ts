import { subscribe, type AnySubscription } from '@cnap/events';
import { PackageEventSchema } from '@cnap/proto/cnap/catalog/v1/package_event';
import { wake } from '@cnap/reconcile';
import { changeInstall } from '../install/store.ts';
import { installsThatFollow, installsThatWaitFor } from './store.ts';
import { follows } from './version.ts';

/** A package that is ready is what installs move to whose policy says so; those that wait for it look again. */
export const onPackage = (): AnySubscription =>
  subscribe({
    subject: 'catalog.v1.package.*',
    schema: PackageEventSchema,
    async handle(tx, { fact, message: { packageId, templateId, version } }) {
      if (fact !== 'ready' && fact !== 'failed') return;
      for (const id of await installsThatWaitFor(tx, packageId)) await wake(tx, 'install', id);
      if (fact !== 'ready') return;
      for (const row of await installsThatFollow(tx, templateId, packageId)) {
        if (!follows(row.update_policy, row.package_version, version)) continue;
        await changeInstall(tx, row.id, { package_wanted: packageId });
        await wake(tx, 'install', row.id);
      }
    },
  });
