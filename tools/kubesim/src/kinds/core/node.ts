import type { KubeObject } from '../../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, nameColumn, text } from '../columns.ts';
import type { Kind } from '../kind.ts';
import { below } from '../kind.ts';
import { nodeShape } from '../shapes.ts';

function statusText(node: KubeObject): string {
  const ready = listOf(at(node, 'status.conditions')).find((item) => fieldsOf(item)['type'] === 'Ready');
  const word = ready === undefined ? 'Unknown' : fieldsOf(ready)['status'] === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec.unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

const address = (node: KubeObject, type: string): string => {
  const found = listOf(at(node, 'status.addresses')).find((item) => fieldsOf(item)['type'] === type);
  return textOf(fieldsOf(found)['address']) || '<none>';
};

export const node: Kind = {
  group: '',
  version: 'v1',
  kind: 'Node',
  resource: 'nodes',
  singular: 'node',
  namespaced: false,
  shortNames: ['no'],
  subresources: ['status'],
  shape: nodeShape,
  defaults: (object) => void below(object, 'spec'),
  selectable: (object) => ({ 'spec.unschedulable': textOf(at(object, 'spec.unschedulable')) || 'false' }),
  columns: [
    nameColumn,
    column('Status', statusText),
    column('Roles', (object) => {
      const prefix = 'node-role.kubernetes.io/';
      const roles = Object.keys(object.metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
      return roles.map((label) => label.slice(prefix.length)).join(',') || '<none>';
    }),
    ageColumn,
    text('Version', 'status.nodeInfo.kubeletVersion'),
    column('Internal-IP', (object) => address(object, 'InternalIP'), 1),
    column('External-IP', (object) => address(object, 'ExternalIP'), 1),
    text('OS-Image', 'status.nodeInfo.osImage', '<unknown>', 1),
    text('Kernel-Version', 'status.nodeInfo.kernelVersion', '<unknown>', 1),
    text('Container-Runtime', 'status.nodeInfo.containerRuntimeVersion', '<unknown>', 1),
  ],
};
