import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  DriftChange,
  DriftState,
  InstallDriftSchema,
  type InstallDrift,
} from '@cnap/proto/cnap/installer/v1/drift';
import { InstallDriftPolicy } from '@cnap/proto/cnap/installer/v1/install';
import type { DriftPolicyName, DriftRow, DriftStateName, InstallRow } from '../database.ts';
import { isOpen } from './plan.ts';

const changeToProto: Record<DriftRow['change'], DriftChange> = {
  changed: DriftChange.CHANGED,
  removed: DriftChange.REMOVED,
  taken: DriftChange.TAKEN,
};
const stateToProto: Record<DriftStateName, DriftState> = {
  detected: DriftState.DETECTED,
  conflict: DriftState.CONFLICT,
  corrected: DriftState.CORRECTED,
  restored: DriftState.RESTORED,
};
export const driftPolicyToProto: Record<DriftPolicyName, InstallDriftPolicy> = {
  correct: InstallDriftPolicy.CORRECT,
  warn: InstallDriftPolicy.WARN,
};
export const driftPolicies: Partial<Record<InstallDriftPolicy, DriftPolicyName>> = {
  [InstallDriftPolicy.CORRECT]: 'correct',
  [InstallDriftPolicy.WARN]: 'warn',
};

/** What there is first, then what is over; an install that goes has none. */
export const driftToProto = (row: InstallRow, drifts: readonly DriftRow[]): InstallDrift =>
  create(InstallDriftSchema, {
    installId: row.id,
    driftPolicy: driftPolicyToProto[row.drift_policy],
    objects: (row.wanted === 'absent' ? [] : drifts)
      .toSorted((a, b) => Number(isOpen(b)) - Number(isOpen(a)))
      .map(({ ref, change, state, fields, message, detected_at: detected, ended_at: ended }) => ({
        apiVersion: ref.apiVersion,
        kind: ref.kind,
        namespace: ref.namespace ?? '',
        name: ref.name,
        change: changeToProto[change],
        state: stateToProto[state],
        fields,
        message,
        detectTime: timestampFromDate(detected),
        ...(ended ? { endTime: timestampFromDate(ended) } : {}),
      })),
  });
