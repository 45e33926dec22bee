import { DomainError } from '@cnap/errors';
import { type KubeObject, describeRef, objectKey, refOf } from '@cnap/kubernetes';

import { YamlProblem, readYaml } from './yaml.ts';

/** An object and where its text is from: `podinfo/templates/service.yaml`. */
export type SourcedObject = { object: KubeObject; source: string | undefined };

/** domain.md: more objects than this in a package are refused. */
export const maxObjects = 2_000;

/**
 * The objects of manifests with several documents: Lists flattened, empty documents dropped, order kept. Text is
 * taken literally, `{{` included.
 * @param name what to call the text in errors, when it does not say itself with `# Source:`
 * @throws DomainError `MANIFEST_INVALID` naming the place, `TOO_MANY_OBJECTS`
 */
export function parseManifests(text: string, name?: string): SourcedObject[] {
  const found: SourcedObject[] = [];
  for (const { text: document, source, line } of splitDocuments(text)) {
    const from = source ?? name;
    for (const value of readDocument(document, from, line)) {
      for (const object of flatten(value, from)) found.push({ object, source: from });
      if (found.length > maxObjects) {
        throw new DomainError(
          'resource-exhausted',
          'TOO_MANY_OBJECTS',
          `There are more than ${maxObjects} objects.`,
        );
      }
    }
  }
  return found;
}

/** @throws DomainError `MANIFEST_INVALID` when two objects have the same kind, namespace and name */
export function refuseDuplicates(objects: SourcedObject[], namespace: string): void {
  const sources = new Map<string, string | undefined>();
  for (const { object, source } of objects) {
    const key = objectKey({ namespace, ...refOf(object) });
    if (sources.has(key)) {
      const places = [...new Set([sources.get(key), source].filter((one) => one !== undefined))];
      throw invalid(
        `${describeRef(refOf(object))} is there twice${places.length > 0 ? ` (${places.join(' and ')})` : ''}`,
        source,
      );
    }
    sources.set(key, source);
  }
}

type Document = { text: string; source: string | undefined; line: number };

// `---` at the beginning of a line always separates documents, in whatever scalar it stands (YAML 1.1, 9.1).
function splitDocuments(text: string): Document[] {
  const documents: Document[] = [];
  let lines: string[] = [];
  let start = 1;
  let source: string | undefined;
  const close = () => {
    if (lines.some((line) => line.trim() !== '' && !line.startsWith('#'))) {
      documents.push({ text: lines.join('\n'), source, line: start });
    }
    lines = [];
  };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^---(\s|$)/.test(line)) {
      close();
      start = index + 1;
      lines.push(line.slice(3).trim() === '' ? '' : line.slice(3));
      continue;
    }
    const named = lines.length <= 1 ? /^# Source: (\S.*)$/.exec(line)?.[1] : undefined;
    if (named !== undefined) source = named;
    lines.push(line);
  }
  close();
  return documents;
}

function readDocument(text: string, source: string | undefined, firstLine: number): unknown[] {
  try {
    return readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    // Rendered text has other lines than its template, so a line is told only for literal manifests.
    const at = error.line === undefined || source !== undefined ? '' : `line ${error.line + firstLine - 1}: `;
    throw invalid(`${at}not valid YAML: ${error.message}`, source);
  }
}

function flatten(value: unknown, source: string | undefined): KubeObject[] {
  const object = value as { apiVersion?: unknown; kind?: unknown; metadata?: unknown; items?: unknown };
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('a document is not an object', source);
  if (typeof object.apiVersion !== 'string' || typeof object.kind !== 'string') {
    throw invalid('an object has no apiVersion and kind', source);
  }
  if (object.kind.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item) => flatten(withKindOfList(object, item), source));
  }
  const name = (object.metadata as { name?: unknown } | null | undefined)?.name;
  if (typeof name !== 'string' || name === '') throw invalid(`a ${object.kind} has no metadata.name`, source);
  return [value as KubeObject];
}

/** The items of a ConfigMapList need not say that they are ConfigMaps. */
function withKindOfList(list: { apiVersion?: unknown; kind?: unknown }, item: unknown): unknown {
  const kind = String(list.kind).slice(0, -'List'.length);
  if (kind === '' || typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  return { apiVersion: list.apiVersion, kind, ...item };
}

function invalid(problem: string, source: string | undefined): DomainError {
  return new DomainError(
    'invalid-argument',
    'MANIFEST_INVALID',
    `${source === undefined ? '' : `${source}: `}${problem}`,
    {
      metadata: source === undefined ? {} : { source },
    },
  );
}
