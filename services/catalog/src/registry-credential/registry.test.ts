import { expect, test } from 'vitest';
import { dockerConfigJson, registryOfImage, registryOfUrl } from './registry.ts';

test.each([
  ['nginx', 'docker.io'],
  ['library/nginx:1.27', 'docker.io'],
  ['index.docker.io/acme/app', 'docker.io'],
  ['ghcr.io/acme/app@sha256:00', 'ghcr.io'],
  ['GHCR.io/acme/app', 'ghcr.io'],
  ['localhost/app', 'localhost'],
  ['registry:5000/app:1', 'registry:5000'],
])('%s comes from %s', (image, host) => {
  expect(registryOfImage(image)).toBe(host);
});

test.each([
  ['ghcr.io', 'ghcr.io'],
  ['https://Registry.example.com/v2/', 'registry.example.com'],
  ['https://index.docker.io/v1/', 'docker.io'],
  ['registry:5000', 'registry:5000'],
  ['https://', undefined],
  ['user:secret@ghcr.io', undefined],
  ['not a registry', undefined],
])('%s is the registry %s', (text, host) => {
  expect(registryOfUrl(text)).toBe(host);
});

test('Docker Hub has a key of its own', () => {
  const json = dockerConfigJson([{ registryHost: 'docker.io', username: 'u', password: 'p' }]);
  expect(JSON.parse(json)).toEqual({
    auths: { 'https://index.docker.io/v1/': { username: 'u', password: 'p', auth: 'dTpw' } },
  });
  expect(dockerConfigJson([])).toBe('');
});
