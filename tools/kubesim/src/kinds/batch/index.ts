import type { KubeObject } from '../../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, count, humanAge, nameColumn, text, workloadWide } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below, defaulted } from '../kind.ts';
import { defaultPodTemplate } from '../pod-spec.ts';
import { cronJobShape, workloadShape } from '../shapes.ts';
import { fixed, validatePodSpec } from '../validation.ts';

const batch = {
  group: 'batch',
  version: 'v1',
  namespaced: true,
  categories: ['all'],
  generation: true,
} as const;

function jobStatus(job: KubeObject): string {
  const has = (type: string): boolean =>
    listOf(at(job, 'status.conditions')).some((item) => {
      const condition = fieldsOf(item);
      return condition['type'] === type && condition['status'] === 'True';
    });
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  return at(job, 'spec.suspend') === true ? 'Suspended' : 'Running';
}

const job: Kind = {
  ...batch,
  kind: 'Job',
  resource: 'jobs',
  singular: 'job',
  subresources: ['status'],
  shape: workloadShape,
  defaults(object) {
    const spec = below(object, 'spec');
    defaultPodTemplate(below(spec, 'template'));
    if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1;
    defaulted(spec, {
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: false,
    });
  },
  prepare(object) {
    const uid = textOf(object.metadata.uid);
    const spec = below(object, 'spec');
    if (spec['manualSelector'] === true) return;
    const labels = below(below(below(spec, 'template'), 'metadata'), 'labels');
    Object.assign(labels, {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': object.metadata.name,
      'controller-uid': uid,
      'job-name': object.metadata.name,
    });
    spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  },
  validate(object) {
    const template = fieldsOf(at(object, 'spec.template.spec'));
    const causes = validatePodSpec(template, 'spec.template.spec');
    if (template['restartPolicy'] !== 'Always') return causes;
    return [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: valid values: "OnFailure", "Never"',
        field: 'spec.template.spec.restartPolicy',
      },
      ...causes,
    ];
  },
  validateUpdate: (object, old) => [
    ...fixed(object, old, 'selector'),
    ...fixed(object, old, 'template'),
    ...fixed(object, old, 'completions'),
    ...fixed(object, old, 'completionMode'),
  ],
  selectable: (object) => ({ 'status.successful': textOf(at(object, 'status.succeeded')) || '0' }),
  columns: [
    nameColumn,
    column('Status', jobStatus),
    column(
      'Completions',
      (o) => `${textOf(at(o, 'status.succeeded')) || 0}/${textOf(at(o, 'spec.completions')) || 1}`,
    ),
    column('Duration', (object, now) => {
      const start = textOf(at(object, 'status.startTime'));
      const end = textOf(at(object, 'status.completionTime'));
      return start ? humanAge(start, end ? Date.parse(end) : now) : '';
    }),
    ageColumn,
    ...workloadWide,
  ],
};

const cronJob: Kind = {
  ...batch,
  kind: 'CronJob',
  resource: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  subresources: ['status'],
  shape: cronJobShape,
  defaults(object) {
    const spec = below(object, 'spec');
    defaultPodTemplate(below(below(below(spec, 'jobTemplate'), 'spec'), 'template'));
    defaulted(spec, {
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    defaulted(object, { status: {} });
  },
  columns: [
    nameColumn,
    text('Schedule', 'spec.schedule'),
    text('Timezone', 'spec.timeZone'),
    column('Suspend', (object) => (at(object, 'spec.suspend') === true ? 'True' : 'False')),
    count('Active', 'status.active.length'),
    column('Last Schedule', (object, now) => {
      const last = textOf(at(object, 'status.lastScheduleTime'));
      return last ? humanAge(last, now) : '<none>';
    }),
    ageColumn,
  ],
};

export const batchKinds: readonly Kind[] = [cronJob, job];
