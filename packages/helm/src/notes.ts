import type { KindRef } from '@cnap/kubernetes';

import type { Files } from './archive.ts';

const file = 'cnap-notes.yaml';
/** Of the documents that quote notes; no cluster has it. */
export const notesKind: KindRef = { apiVersion: 'cnap.tech/v1', kind: 'Notes' };
const form = `apiVersion: ${notesKind.apiVersion}
kind: ${notesKind.kind}
metadata:
  name: notes
text: {{ include (print $.Template.BasePath "/NOTES.txt") . | toJson }}
`;

/**
 * `helm template` does not print notes, so a template that quotes them is put beside each NOTES.txt: the chart's
 * own, or, as in an umbrella chart that has none, those of its direct dependencies.
 */
export function notesTemplates(files: Files): [path: string, text: string][] {
  const own = 'templates/NOTES.txt';
  const found = files.has(own)
    ? [own]
    : [...files.keys()].filter((path) => /^charts\/[^/]+\/templates\/NOTES\.txt$/.test(path));
  return found.map((path) => [path.replace(/NOTES\.txt$/, file), form]);
}

/** Whether a rendered document is from one of {@link notesTemplates}. */
export function isNotes(source: string | undefined): boolean {
  return source?.endsWith(`/templates/${file}`) === true;
}
