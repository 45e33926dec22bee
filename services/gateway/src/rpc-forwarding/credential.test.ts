import { expect, test } from 'vitest';
import { credentialOf, workspaceNamedBy } from './credential.ts';

test('a bearer token is a credential, no header is none', () => {
  expect(credentialOf('Bearer cnap_pat_x')).toBe('cnap_pat_x');
  expect(credentialOf('bearer  cnap_pat_x ')).toBe('cnap_pat_x');
  expect(credentialOf(undefined)).toBeUndefined();
});

test.each(['', 'Bearer', 'Bearer ', 'Basic dTpw', 'Bearer a b', `Bearer ${'x'.repeat(5_000)}`])(
  'anything else is refused: %s',
  (header) => {
    expect(() => credentialOf(header)).toThrowError(
      expect.objectContaining({ reason: 'CREDENTIAL_INVALID' }),
    );
  },
);

test('a workspace is named by one short word', () => {
  expect(workspaceNamedBy(undefined)).toBe('');
  expect(workspaceNamedBy('ws_1')).toBe('ws_1');
  expect(workspaceNamedBy('a, b')).toBe('malformed');
  expect(workspaceNamedBy(['a', 'b'])).toBe('malformed');
  expect(workspaceNamedBy('x'.repeat(65))).toBe('malformed');
});
