import { create } from '@bufbuild/protobuf';
import { ImportClusterRequestSchema } from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { CreateInstallRequestSchema } from '@cnap/proto/cnap/installer/v1/install_service';
import { expect, test } from 'vitest';
import { unstorableText } from './unstorable-text.ts';

test('a message without U+0000 passes', () => {
  expect(
    unstorableText(create(CreateInstallRequestSchema, { name: 'ok', inputs: { a: ['b', { c: 1 }] } })),
  ).toBeUndefined();
});

test.each([
  ['name', create(ImportClusterRequestSchema, { name: 'a\u0000b' })],
  ['region_id', create(ImportClusterRequestSchema, { regionId: '\u0000' })],
  ['settings.base_domain', create(ImportClusterRequestSchema, { settings: { baseDomain: 'x\u0000' } })],
  ['inputs.list[1].deep', create(CreateInstallRequestSchema, { inputs: { list: [1, { deep: '\u0000' }] } })],
  ['inputs', create(CreateInstallRequestSchema, { inputs: { 'key\u0000': 1 } })],
])('%s is named', (path, message) => {
  expect(unstorableText(message)).toBe(path);
});
