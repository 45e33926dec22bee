import { expect, test } from 'vitest';

import { usesLookup, whatIsAsked } from './lookup.ts';

test.each([
  ['/version?timeout=32s', 'version'],
  ['/apis?timeout=32s', 'groups'],
  ['/api/v1', 'kinds'],
  ['/apis/apps/v1', 'kinds'],
  ['/api/v1/namespaces/own', 'object'],
  ['/api/v1/namespaces/own/secrets', 'object'],
  ['/apis/apps/v1/namespaces/own/deployments/web', 'object'],
  ['/api/v1/namespaces', 'nothing'],
  ['/api/v1/secrets', 'nothing'],
  ['/api/v1/namespaces/other/secrets/x', 'nothing'],
  ['/api/v1/namespaces/own/../other/secrets', 'nothing'],
  ['/api/v1/namespaces/own/%2e%2e/other/secrets', 'nothing'],
  ['/api/v1/namespaces/own//secrets', 'nothing'],
  ['/api/v1/namespaces/own/pods/web/log', 'nothing'],
  ['/api/v1/namespaces/own/pods/web/exec', 'nothing'],
  ['/api/v1/namespaces/own/secrets?watch=1', 'nothing'],
  ['/api/v1/nodes/n', 'nothing'],
  ['/apis/rbac.authorization.k8s.io/v1/clusterroles/x', 'nothing'],
  ['/api/x', 'nothing'],
  ['/logs/x', 'nothing'],
  ['/', 'nothing'],
])('%s is %s', (path, asked) => {
  expect(whatIsAsked(path, 'own')).toBe(asked);
});

test.each([
  ['{{ $s := lookup "v1" "Secret" .Release.Namespace "x" }}', true],
  ['{{- if (lookup $v $k "" "") }}', true],
  ['{{ .Values.lookup }} # lookup "v1"', false],
])('%s: looks up: %s', (template, uses) => {
  expect(usesLookup(new Map([['templates/x.yaml', Buffer.from(template)]]))).toBe(uses);
  expect(usesLookup(new Map([['README.md', Buffer.from(template)]]))).toBe(false);
});
