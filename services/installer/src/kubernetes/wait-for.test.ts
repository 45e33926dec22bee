import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { withWaits } from './wait-for.ts';

const object = (apiVersion: string, kind: string, annotations?: Record<string, string>): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', ...(annotations ? { annotations } : {}) },
});
const objects = [
  object('example.com/v1', 'Widget'),
  object('gateway.networking.k8s.io/v1', 'Gateway'),
  object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'),
  object('apiregistration.k8s.io/v1', 'APIService'),
  object('networking.k8s.io/v1', 'Ingress'),
  object('v1', 'Service'),
];
const waiting = (waitFor: Parameters<typeof withWaits>[1][0]['waitFor'], from = 'shop/templates/a.yaml') =>
  withWaits({ objects, sources: objects.map(() => `cnap-package/charts/${from}`) }, [
    { alias: 'shop', waitFor },
    { alias: 'db', waitFor: [] },
  ])
    .filter(({ metadata }) => metadata.annotations?.['cnap.tech/wait'] === 'true')
    .map(({ kind }) => kind);

test('each kind of object is waited for where its own source says so', () => {
  expect(waiting(['custom-resources'])).toEqual(['Widget', 'Gateway']);
  expect(waiting(['webhooks'])).toEqual(['ValidatingWebhookConfiguration']);
  expect(waiting(['api-services'])).toEqual(['APIService']);
  expect(waiting([])).toEqual([]);
});

test('what a source depends on is its own; other sources are not', () => {
  expect(waiting(['api-services'], 'shop/charts/lib/templates/a.yaml')).toEqual(['APIService']);
  expect(waiting(['api-services'], 'db/templates/a.yaml')).toEqual([]);
  expect(waiting(['api-services'], 'shop-2/templates/a.yaml')).toEqual([]);
});

test('an object that says what to do with it is left alone', () => {
  const own = object('example.com/v1', 'Widget', { 'cnap.tech/wait': 'false', more: 'text' });
  const sources = ['cnap-package/charts/shop/templates/a.yaml'];
  const shop = { alias: 'shop', waitFor: ['custom-resources' as const] };
  expect(withWaits({ objects: [own], sources }, [shop])).toEqual([own]);
  const kept = withWaits({ objects: [object('example.com/v1', 'W', { more: 'text' })], sources }, [shop]);
  expect(kept[0]?.metadata.annotations).toEqual({ more: 'text', 'cnap.tech/wait': 'true' });
});
