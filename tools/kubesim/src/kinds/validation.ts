import type { Fields, KubeObject } from '../objects/object.ts';
import { fieldsOf, isFields, listOf, same, textOf } from '../objects/object.ts';
import type { Cause } from '../objects/status-error.ts';
import { immutable, required } from './kind.ts';

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const pathSegment = /^[^/%]+$/;

const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Roles and their bindings may carry nearly any name (`system:node`). */
export function invalidName(name: string, group: string): Cause[] {
  const good =
    group === 'rbac.authorization.k8s.io'
      ? pathSegment.test(name)
      : subdomain.test(name) && name.length <= 253;
  return good
    ? []
    : [
        {
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(name)}: ${subdomainRule}`,
          field: 'metadata.name',
        },
      ];
}

const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

export function invalidLabels(labels: Record<string, string> | undefined): Cause[] {
  const bad = Object.values(labels ?? {}).filter((value) => value.length > 63 || !labelValue.test(value));
  return bad.map((value) => ({
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(value)}: ${
      value.length > 63
        ? 'must be no more than 63 bytes'
        : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    }`,
    field: 'metadata.labels',
  }));
}

export function validatePodSpec(spec: Fields, path: string, claims: unknown[] = []): Cause[] {
  const causes: Cause[] = [];
  const containers = listOf(spec['containers']);
  if (containers.length === 0) causes.push(required(`${path}.containers`));
  const volumes = new Set([
    ...listOf(spec['volumes']).map((volume) => textOf(fieldsOf(volume)['name'])),
    ...claims.map((claim) => textOf(fieldsOf(fieldsOf(claim)['metadata'])['name'])),
  ]);
  containers.forEach((item, index) => {
    const container = fieldsOf(item);
    if (!container['name']) causes.push(required(`${path}.containers[${index}].name`));
    if (!container['image']) causes.push(required(`${path}.containers[${index}].image`));
    listOf(container['volumeMounts']).forEach((mount, position) => {
      const name = textOf(fieldsOf(mount)['name']);
      if (volumes.has(name)) return;
      causes.push({
        reason: 'FieldValueNotFound',
        message: `Not found: ${JSON.stringify(name)}`,
        field: `${path}.containers[${index}].volumeMounts[${position}].name`,
      });
    });
  });
  return causes;
}

/** Selector, labels and containers of what makes pods from a template. */
export function validateWorkload(object: KubeObject): Cause[] {
  const spec = fieldsOf(object['spec']);
  const template = fieldsOf(spec['template']);
  const causes = validatePodSpec(
    fieldsOf(template['spec']),
    'spec.template.spec',
    listOf(spec['volumeClaimTemplates']),
  );
  if (!isFields(spec['selector'])) return [required('spec.selector'), ...causes];
  const labels = fieldsOf(fieldsOf(template['metadata'])['labels']);
  const wanted = fieldsOf(spec['selector']['matchLabels']);
  if (Object.entries(wanted).some(([key, value]) => labels[key] !== value)) {
    causes.unshift({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
      field: 'spec.template.metadata.labels',
    });
  }
  return causes;
}

/** One cause when a field of `spec` differs from what it was. */
export function fixed(object: KubeObject, old: KubeObject, field: string, detail?: string): Cause[] {
  const before = fieldsOf(old['spec'])[field];
  const after = fieldsOf(object['spec'])[field];
  return before === undefined || same(before, after)
    ? []
    : [immutable(`spec.${field}`, detail, after ?? null)];
}
