import { generatedFields, type Rendered } from '@cnap/helm';
import type { GeneratedField } from '../../database.ts';
import type { Manifest } from './pod-templates.ts';

/** What differs between two renderings of the same input; the release's name in names is written `RELEASE`. */
export function generatedIn([first, second]: [Rendered, Rendered], releaseName: string): GeneratedField[] {
  const [before, after] = [objectsOf(first), objectsOf(second)];
  const differing = generatedFields(before, after).map(({ ref, pointer }) => ({ ...ref, pointer }));
  const stable = new Set(after.map(identity));
  const unstable = before
    .filter((object) => !stable.has(identity(object)))
    .map(({ apiVersion, kind, metadata }) => ({
      apiVersion,
      kind,
      name: metadata.name,
      pointer: '/metadata/name',
    }));
  return [...differing, ...unstable].map(({ apiVersion, kind, name, pointer }) => ({
    apiVersion,
    kind,
    name: name.replaceAll(releaseName, 'RELEASE'),
    pointer,
  }));
}

const objectsOf = (rendered: Rendered): Manifest[] => [
  ...rendered.crds,
  ...rendered.objects,
  ...rendered.hooks.map(({ object }) => object),
];

const identity = ({ apiVersion, kind, metadata }: Manifest): string =>
  [apiVersion, kind, metadata.namespace ?? '', metadata.name].join('\n');
