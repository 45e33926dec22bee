import { create } from '@bufbuild/protobuf';
import {
  ObjectChange,
  ReleaseDiffSchema,
  type ReleaseDiff,
} from '@cnap/proto/cnap/installer/v1/release_diff';
import type { Differences, ObjectDifference } from './differences.ts';

const changeToProto: Record<ObjectDifference['change'], ObjectChange> = {
  created: ObjectChange.CREATED,
  changed: ObjectChange.CHANGED,
  deleted: ObjectChange.DELETED,
};

export const diffToProto = (
  about: Pick<ReleaseDiff, 'installId' | 'fromReleaseId' | 'releaseId' | 'packageVersion'>,
  { objects, unchanged }: Differences,
): ReleaseDiff =>
  create(ReleaseDiffSchema, {
    ...about,
    unchanged,
    objects: objects.map(({ ref, change, fields, message }) => ({
      apiVersion: ref.apiVersion,
      kind: ref.kind,
      namespace: ref.namespace ?? '',
      name: ref.name,
      change: changeToProto[change],
      fields,
      message,
    })),
  });
