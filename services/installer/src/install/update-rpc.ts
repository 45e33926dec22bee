import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import {
  InstallReplacePolicy,
  InstallUpdatePolicy,
  type Install,
} from '@cnap/proto/cnap/installer/v1/install';
import type { InstallService } from '@cnap/proto/cnap/installer/v1/install_service';
import { workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import { wake } from '@cnap/reconcile';
import type { Database, InstallRow, ReplacePolicyName, Tx, UpdatePolicyName } from '../database.ts';
import { lookAtDriftsNow } from '../drift/store.ts';
import { driftPolicies } from '../drift/to-proto.ts';
import { findRelease } from '../release/store.ts';
import { installFact, type InstallFactName } from './event.ts';
import { hibernateForOperator, reviveForOperator } from './hibernation.ts';
import { openInputs } from './inputs.ts';
import { changedInputs, newAnswers } from './new-answers.ts';
import { changeable, changeableByOwner } from './operated.ts';
import { overridesOf, refuseBadUpdates, replaceOverrides, sealOverrides } from './overrides.ts';
import type { Catalog } from './port.ts';
import { changeInstall, findInstall, lockInstall } from './store.ts';
import { beginUpdate } from './update.ts';

type Deps = {
  db: Database;
  keyring: Keyring;
  catalog: Catalog;
  toProto(row: InstallRow, workspaceId: string): Install;
};

type Updates = Pick<
  ServiceImpl<typeof InstallService>,
  | 'updateInstall'
  | 'updateInstallValues'
  | 'updateInstallOverrides'
  | 'rollbackInstall'
  | 'hibernateInstall'
  | 'reviveInstall'
>;

const policies: Partial<Record<InstallUpdatePolicy, UpdatePolicyName>> = {
  [InstallUpdatePolicy.MANUAL]: 'manual',
  [InstallUpdatePolicy.PATCH]: 'patch',
  [InstallUpdatePolicy.ALL]: 'all',
};

const replacePolicies: Record<InstallReplacePolicy, ReplacePolicyName> = {
  [InstallReplacePolicy.UNSPECIFIED]: 'fail',
  [InstallReplacePolicy.FAIL]: 'fail',
  [InstallReplacePolicy.REPLACE]: 'replace',
};

/** What changes an install that is there; each answers at once, and its reconciler does the rest. */
export function updateRpc({ db, keyring, catalog, toProto }: Deps): Updates {
  type Change = (tx: Tx, row: InstallRow) => Promise<InstallRow>;
  const locked = (workspaceId: string, id: string, change: Change, allowed = changeable) =>
    db.inWorkspace(workspaceId, async (tx) => {
      const seen = allowed(workspaceId, await findInstall(tx, workspaceId, id), id);
      const row = await change(tx, (await lockInstall(tx, id)) ?? seen);
      return { install: toProto(row, workspaceId) };
    });
  const changing = (
    workspaceId: string,
    id: string,
    fact: InstallFactName,
    change: Change,
    allowed = changeable,
  ) => {
    const told: Change = async (tx, before) => {
      const row = await change(tx, before);
      await publish(tx, installFact(fact, row));
      return row;
    };
    return locked(workspaceId, id, told, allowed);
  };
  const look = async (workspaceId: string, id: string, allowed = changeable) =>
    allowed(workspaceId, await db.inWorkspace(workspaceId, (tx) => findInstall(tx, workspaceId, id)), id);

  return {
    async updateInstall({ id, name, updatePolicy, packageId, driftPolicy, replacePolicy, inputs }, context) {
      const workspaceId = workspaceOf(context);
      const others = [name, updatePolicy, packageId, driftPolicy, replacePolicy];
      const isOwners = inputs !== undefined && others.every((one) => one === undefined);
      const allowed = isOwners ? changeableByOwner : changeable;
      const seen = await look(workspaceId, id, allowed);
      if (inputs !== undefined) await newAnswers(seen, openInputs(keyring, seen), inputs, catalog);
      if (packageId !== undefined) {
        const pack = await catalog.package(packageId).catch((error: unknown) => {
          if (error instanceof DomainError && error.kind === 'not-found') return undefined;
          throw error;
        });
        if (pack?.templateId !== seen.template_id) throw notFound('package', packageId);
      }
      const change: Change = async (tx, row) => {
        const policy = updatePolicy === undefined ? undefined : policies[updatePolicy];
        const drift = driftPolicy === undefined ? undefined : driftPolicies[driftPolicy];
        if (drift !== undefined && drift !== row.drift_policy) {
          await lookAtDriftsNow(tx, id);
          await wake(tx, 'install', id);
        }
        const changed = await changeInstall(tx, id, {
          ...(name === undefined ? {} : { name }),
          ...(policy === undefined ? {} : { update_policy: policy }),
          ...(drift === undefined ? {} : { drift_policy: drift }),
          ...(replacePolicy === undefined ? {} : { replace_policy: replacePolicies[replacePolicy] }),
        });
        const answered =
          inputs === undefined
            ? changed
            : await beginUpdate(tx, id, {
                ...changedInputs(keyring, row, inputs),
                rollback_to: null,
                rollback_reason: '',
              });
        return packageId === undefined ? answered : runPackage(tx, row, packageId);
      };
      return changing(workspaceId, id, 'changed', change, allowed);
    },

    async updateInstallValues({ id, updates }, context) {
      const workspaceId = workspaceOf(context);
      const { template_id: templateId } = await look(workspaceId, id);
      const authorization = context.requestHeader.get('authorization') ?? '';
      const packageId = await catalog.changeValues(authorization, templateId, updates);
      const answer = await changing(workspaceId, id, 'values_changed', (tx, row) =>
        runPackage(tx, row, packageId),
      );
      return { ...answer, packageId };
    },

    async updateInstallOverrides({ id, updates }, context) {
      const workspaceId = workspaceOf(context);
      const seen = await look(workspaceId, id);
      const pack = await catalog.package(seen.package_wanted ?? seen.package_id);
      if (pack.sources.length === 0) {
        throw new DomainError('failed-precondition', 'INSTALL_STATE', 'The package is still being built.', {
          suggestion: 'Try again when the install is deploying.',
        });
      }
      const sourceIds = pack.sources.map((source) => source.id);
      refuseBadUpdates('updates', updates, sourceIds);
      return changing(workspaceId, id, 'overrides_changed', (tx, row) =>
        beginUpdate(tx, id, {
          sealed_overrides: sealOverrides(keyring, id, replaceOverrides(overridesOf(keyring, row), updates)),
          rollback_to: null,
          rollback_reason: '',
        }),
      );
    },

    async rollbackInstall({ id, releaseId }, context) {
      const workspaceId = workspaceOf(context);
      return changing(workspaceId, id, 'rollback_requested', async (tx) => {
        const release = await findRelease(tx, workspaceId, releaseId);
        if (release?.install_id !== id) throw notFound('release', releaseId);
        // A package that is still being built would undo it.
        return beginUpdate(tx, id, { rollback_to: releaseId, rollback_reason: '', package_wanted: null });
      });
    },

    hibernateInstall: ({ id }, context) => locked(workspaceOf(context), id, hibernateForOperator),
    reviveInstall: ({ id }, context) => locked(workspaceOf(context), id, reviveForOperator),
  };
}

/** An install that never was placed begins again with the new package. */
async function runPackage(tx: Tx, row: InstallRow, packageId: string): Promise<InstallRow> {
  const neverPlaced = row.cluster_id === null && row.state === 'failed';
  const changed = await changeInstall(tx, row.id, {
    package_wanted: packageId,
    ...(neverPlaced
      ? { state: 'pending', step: 'package', step_at: new Date(), reason: '', message: '' }
      : {}),
  });
  await wake(tx, 'install', row.id);
  return changed;
}
