import { targetOf } from '../api/write.ts';
import type { Fields } from '../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';
import { forbidden } from '../objects/status-error.ts';
import type { Admission } from './admission.ts';

const quoted = (names: string[]): string => names.map((name) => JSON.stringify(name)).join(', ');

const volumesNamed = (names: string[]): string => `volume${names.length > 1 ? 's' : ''} ${quoted(names)}`;

const containersNamed = (names: string[]): string =>
  `container${names.length > 1 ? 's' : ''} ${quoted(names)}`;

/** The part of the baseline profile that charts run into: host namespaces, privileged, hostPath, host ports, capabilities. */
function baseline(spec: Fields, containers: Fields[]): string[] {
  const found: string[] = [];
  const hosts = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  if (hosts.length > 0) found.push(`host namespaces (${hosts.map((field) => `${field}=true`).join(', ')})`);
  const paths = listOf(spec['volumes'])
    .map(fieldsOf)
    .filter((volume) => volume['hostPath'] !== undefined);
  if (paths.length > 0)
    found.push(`hostPath volumes (${volumesNamed(paths.map((volume) => textOf(volume['name'])))})`);
  const nameOf = (container: Fields): string => textOf(container['name']);
  const security = (container: Fields): Fields => fieldsOf(container['securityContext']);
  const privileged = containers.filter((container) => security(container)['privileged'] === true);
  if (privileged.length > 0) {
    const names = privileged.map(nameOf);
    found.push(`privileged (${containersNamed(names)} must not set securityContext.privileged=true)`);
  }
  const allowed = [
    'AUDIT_WRITE',
    'CHOWN',
    'DAC_OVERRIDE',
    'FOWNER',
    'FSETID',
    'KILL',
    'MKNOD',
    'NET_BIND_SERVICE',
    'SETFCAP',
    'SETGID',
    'SETPCAP',
    'SETUID',
    'SYS_CHROOT',
  ];
  const added = (container: Fields): string[] =>
    listOf(fieldsOf(security(container)['capabilities'])['add'])
      .map(textOf)
      .filter((name) => !allowed.includes(name));
  const capable = containers.filter((container) => added(container).length > 0);
  if (capable.length > 0) {
    found.push(
      `non-default capabilities (${containersNamed(capable.map(nameOf))} must not include ${quoted([...new Set(capable.flatMap(added))].toSorted())} in securityContext.capabilities.add)`,
    );
  }
  const ports = (container: Fields): string[] =>
    listOf(container['ports'])
      .map((port) => textOf(fieldsOf(port)['hostPort']))
      .filter((port) => port && port !== '0');
  const open = containers.filter((container) => ports(container).length > 0);
  if (open.length > 0) {
    const all = open.flatMap(ports);
    found.push(
      `hostPort (${containersNamed(open.map(nameOf))} use${open.length > 1 ? '' : 's'} hostPort${all.length > 1 ? 's' : ''} ${all.join(', ')})`,
    );
  }
  return found;
}

function restricted(spec: Fields, containers: Fields[]): string[] {
  const found: string[] = [];
  const podContext = fieldsOf(spec['securityContext']);
  const failing = (test: (context: Fields) => boolean): string[] =>
    containers
      .filter((container) => test(fieldsOf(container['securityContext'])))
      .map((container) => textOf(container['name']));
  const add = (names: string[], label: string, detail: string, orPod = false): void => {
    if (names.length === 0) return;
    const who = orPod ? `pod or ${containersNamed(names)}` : containersNamed(names);
    found.push(`${label} (${who} must set ${detail})`);
  };
  add(
    failing((context) => context['allowPrivilegeEscalation'] !== false),
    'allowPrivilegeEscalation != false',
    'securityContext.allowPrivilegeEscalation=false',
  );
  add(
    failing((context) => !listOf(fieldsOf(context['capabilities'])['drop']).includes('ALL')),
    'unrestricted capabilities',
    'securityContext.capabilities.drop=["ALL"]',
  );
  add(
    failing((context) => (context['runAsNonRoot'] ?? podContext['runAsNonRoot']) !== true),
    'runAsNonRoot != true',
    'securityContext.runAsNonRoot=true',
    true,
  );
  const profile = (context: Fields): unknown =>
    fieldsOf(context['seccompProfile'] ?? podContext['seccompProfile'])['type'];
  add(
    failing((context) => !['RuntimeDefault', 'Localhost'].includes(textOf(profile(context)))),
    'seccompProfile',
    'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    true,
  );
  return found;
}

/** Enforces the namespace's `pod-security.kubernetes.io/enforce` label on pods. */
export const podSecurity: Admission = ({ cluster, kind, operation, object }) => {
  if (kind.resource !== 'pods' || kind.group || operation !== 'CREATE') return;
  const labels = cluster.store.get('namespaces', '', object.metadata.namespace ?? '')?.labels;
  const level = labels?.['pod-security.kubernetes.io/enforce'];
  if (level !== 'baseline' && level !== 'restricted') return;
  const version = labels?.['pod-security.kubernetes.io/enforce-version'] ?? 'latest';
  const spec = fieldsOf(object['spec']);
  const containers = [...listOf(spec['containers']), ...listOf(spec['initContainers'])].map(fieldsOf);
  const found = [
    ...baseline(spec, containers),
    ...(level === 'restricted' ? restricted(spec, containers) : []),
  ];
  if (found.length === 0) return;
  throw forbidden(
    targetOf(kind, object.metadata.name),
    `violates PodSecurity "${level}:${version}": ${found.join(', ')}`,
  );
};
