import type { Fields } from '../objects/object.ts';
import { fieldsOf, isFields, listOf, textOf } from '../objects/object.ts';
import { below, defaulted } from './kind.ts';

function pullPolicy(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  if (image.includes('@')) return 'IfNotPresent';
  return !last.includes(':') || last.endsWith(':latest') ? 'Always' : 'IfNotPresent';
}

const probeDefaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

function defaultContainer(container: Fields): void {
  defaulted(container, {
    imagePullPolicy: pullPolicy(textOf(container['image'])),
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  for (const port of listOf(container['ports'])) defaulted(fieldsOf(port), { protocol: 'TCP' });
  for (const env of listOf(container['env'])) {
    const fieldRef = fieldsOf(fieldsOf(env)['valueFrom'])['fieldRef'];
    if (isFields(fieldRef)) defaulted(fieldRef, { apiVersion: 'v1' });
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (!isFields(probe)) continue;
    defaulted(probe, probeDefaults);
    if (isFields(probe['httpGet'])) defaulted(probe['httpGet'], { path: '/', scheme: 'HTTP' });
    if (isFields(probe['grpc'])) defaulted(probe['grpc'], { service: '' });
  }
  const resources = below(container, 'resources');
  if (isFields(resources['limits'])) {
    const requests = below(resources, 'requests');
    defaulted(requests, resources['limits']);
  }
}

function defaultVolume(volume: Fields): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) volume['emptyDir'] = {};
  for (const [field, mode] of [
    ['configMap', 420],
    ['secret', 420],
    ['projected', 420],
    ['downwardAPI', 420],
  ] as const) {
    if (isFields(volume[field])) defaulted(volume[field], { defaultMode: mode });
  }
  if (isFields(volume['hostPath'])) defaulted(volume['hostPath'], { type: '' });
}

/** The defaults of a pod's spec, in pods and in every template. */
export function defaultPodSpec(spec: Fields): void {
  for (const container of [...listOf(spec['containers']), ...listOf(spec['initContainers'])]) {
    if (isFields(container)) defaultContainer(container);
  }
  for (const volume of listOf(spec['volumes'])) if (isFields(volume)) defaultVolume(volume);
  defaulted(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  if (spec['serviceAccountName'] && !spec['serviceAccount'])
    spec['serviceAccount'] = spec['serviceAccountName'];
}

export function defaultPodTemplate(template: Fields): void {
  below(template, 'metadata')['creationTimestamp'] ??= undefined;
  defaultPodSpec(below(template, 'spec'));
}
