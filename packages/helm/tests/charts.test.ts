// Experiment of docs/adr/0001: what Helm renders and Node parses and applies is what kubectl makes of the same text.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import {
  type Cluster,
  type KubeObject,
  type ObjectRef,
  connect,
  isKubernetesError,
  objectKey,
  parseKubeconfig,
  refOf,
} from '@cnap/kubernetes';
import { findProgram } from '@cnap/programs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { parseManifests, renderChart } from '../src/index.ts';

const run = promisify(execFile);
const folder = process.env['CNAP_TEST_CHARTS'];
const kubeconfigPath = process.env['CNAP_TEST_KUBECONFIG'];
const charts = folder ? readdirSync(folder).filter((file) => file.endsWith('.tgz')) : [];

/** Charts that do not render without a value. */
const needed: Record<string, Record<string, unknown>> = {
  notesnest: {
    app: {
      secrets: {
        jwtSecretKey: 'a-secret-of-more-than-32-characters',
        postgresPassword: 'another',
        postgresUser: 'notes',
        postgresDatabase: 'notes',
      },
    },
  },
};
const valuesOf = (chart: string) => needed[chart.replace(/-\d.*$/, '')] ?? {};

if (!folder || !kubeconfigPath) {
  process.stderr.write(
    'skipped: real charts need CNAP_TEST_CHARTS and CNAP_TEST_KUBECONFIG (or KUBEBUILDER_ASSETS)\n',
  );
}

type Row = {
  chart: string;
  objects: number;
  kinds: string;
  'helm CPU ms': number;
  'parse CPU ms': number;
  'apply ms': number;
  'kubectl ms': number;
};
const table: Row[] = [];
/** Objects that cannot be applied: their CRD comes with the chart and is not there in a dry run, or their fields are wrong. */
const refused = undefined;

describe.skipIf(!folder || !kubeconfigPath)(
  'real charts (set CNAP_TEST_CHARTS and CNAP_TEST_KUBECONFIG)',
  () => {
    const namespace = `charts-${process.pid}`;
    const manager = 'cnap-experiment';
    let cluster: Cluster;
    let scratch: string;
    const brought: ObjectRef[] = [];

    beforeAll(async () => {
      scratch = mkdtempSync(join(tmpdir(), 'cnap-charts-'));
      cluster = connect(parseKubeconfig(readFileSync(kubeconfigPath ?? '', 'utf8')), {
        callTimeoutMs: 30_000,
      });
      await cluster.apply(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
        { fieldManager: manager },
      );
    });
    afterAll(async () => {
      for (const ref of brought) await cluster.delete(ref);
      await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      await cluster[Symbol.asyncDispose]();
      rmSync(scratch, { recursive: true, force: true });
      console.table(table); // oxlint-disable-line no-console -- the figures are what this is for
    });

    test.each(charts)('%s: applied as kubectl applies it', async (file) => {
      const { text, cpuMs } = await rendering(join(folder ?? '', file));
      const before = process.cpuUsage();
      const objects = parseManifests(text).map(({ object }) => object);
      const parse = process.cpuUsage(before);

      const begin = performance.now();
      const ours = await applyAll(objects);
      const between = performance.now();
      const theirs = await kubectlApply(without(text, ours));
      const end = performance.now();

      expect(ours.size).toBe(objects.length);
      const known = [...ours].filter(([, object]) => object !== refused);
      expect([...theirs.keys()].toSorted()).toEqual(known.map(([key]) => key).toSorted());
      for (const [key, object] of known) expect(stable(object)).toEqual(stable(theirs.get(key)));
      table.push({
        chart: basename(file, '.tgz'),
        objects: objects.length,
        kinds: `${new Set(objects.map(({ kind }) => kind)).size}`,
        'helm CPU ms': cpuMs,
        'parse CPU ms': Math.round((parse.user + parse.system) / 1000),
        'apply ms': Math.round(between - begin),
        'kubectl ms': Math.round(end - between),
      });
    });

    test.each(charts)('%s: told apart into what Helm printed', async (file) => {
      const path = join(folder ?? '', file);
      const rendered = await renderChart({
        chart: path,
        releaseName: 'rel',
        namespace,
        values: valuesOf(file),
        signal: new AbortController().signal,
      });
      const all = [...rendered.crds, ...rendered.objects, ...rendered.hooks.map((hook) => hook.object)];
      const printed = parseManifests((await rendering(path)).text).map(({ object }) => object);
      // Test pods of some charts have random names.
      const keys = (objects: KubeObject[]) =>
        objects.map((object) => objectKey(refOf(object)).replace(/-test-\w{5}$/, '')).toSorted();
      expect(keys(all)).toEqual(keys(printed));
    });

    async function rendering(path: string): Promise<{ text: string; cpuMs: number }> {
      const { path: helm } = await findProgram('helm');
      const values = join(scratch, 'values.json');
      writeFileSync(values, JSON.stringify(valuesOf(basename(path))));
      const out = join(scratch, 'out.yaml');
      const { stdout } = await run(
        '/bin/sh',
        [
          '-c',
          '"$0" "$@" >"$OUT" && times',
          helm,
          'template',
          'rel',
          path,
          '-n',
          namespace,
          '-f',
          values,
          '--include-crds',
        ],
        {
          env: { ...process.env, OUT: out, HOME: scratch },
        },
      );
      const cpu = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
        ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
      );
      return {
        text: readFileSync(out, 'utf8'),
        cpuMs: Math.round(1000 * cpu.reduce((sum, part) => sum + part, 0)),
      };
    }

    async function applyAll(objects: KubeObject[]): Promise<Map<string, KubeObject | undefined>> {
      // Charts that name namespaces of their own need them to be there, also in a dry run.
      for (const name of new Set(objects.map((object) => object.metadata.namespace ?? namespace))) {
        const ref = { apiVersion: 'v1', kind: 'Namespace', name };
        if (await cluster.get(ref)) continue;
        await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
        brought.push(ref);
      }
      const applied = new Map<string, KubeObject | undefined>();
      for (const object of objects) {
        const placed = await inNamespace(object);
        if (!placed) applied.set(keyAnywhere(object), refused);
        else {
          const answer = await cluster
            .apply(placed, { fieldManager: manager, force: true, dryRun: true })
            .catch((error: unknown) => {
              // Server-side apply refuses fields that no schema has (notesnest), from kubectl as from us.
              if (isKubernetesError(error) && error.message.includes('field not declared in schema'))
                return undefined;
              throw error;
            });
          applied.set(keyAnywhere(placed), answer);
        }
      }
      return applied;
    }

    async function inNamespace(object: KubeObject): Promise<KubeObject | undefined> {
      try {
        const { namespaced } = await cluster.resource(object);
        return namespaced ? { ...object, metadata: { namespace, ...object.metadata } } : object;
      } catch (error) {
        if (isKubernetesError(error, 'UnknownKind')) return undefined;
        throw error;
      }
    }

    async function kubectlApply(text: string): Promise<Map<string, KubeObject>> {
      const { path: kubectl } = await findProgram('kubectl');
      const file = join(scratch, 'apply.yaml');
      writeFileSync(file, text);
      // A namespace by flag would make kubectl refuse objects in other ones; as the context's default it does not.
      const config = join(scratch, 'kubeconfig');
      writeFileSync(config, readFileSync(kubeconfigPath ?? ''));
      await run(kubectl, [
        '--kubeconfig',
        config,
        'config',
        'set-context',
        '--current',
        '--namespace',
        namespace,
      ]);
      const answer = await run(
        kubectl,
        [
          'apply',
          '--server-side',
          '--force-conflicts',
          '--dry-run=server',
          `--field-manager=${manager}`,
          '-o',
          'json',
          '-f',
          file,
        ],
        { env: { ...process.env, KUBECONFIG: config, HOME: scratch }, maxBuffer: 64 * 1024 * 1024 },
      ).catch((error: { stdout: string; stderr: string }) => {
        // Objects of kinds that come with the chart's own CRDs are not known yet, to kubectl neither.
        if (!/no matches for kind|resource mapping not found/.test(error.stderr)) throw error;
        return error;
      });
      const list = JSON.parse(answer.stdout) as KubeObject & { items?: KubeObject[] };
      return new Map((list.items ?? [list]).map((object) => [keyAnywhere(object), object]));
    }
  },
);

/** kubectl prints nothing at all when one object is refused, so that the refused ones are kept from it. */
function without(text: string, applied: Map<string, KubeObject | undefined>): string {
  const isApplied = (key: string) => [...applied].some(([one, object]) => object !== refused && one === key);
  return text
    .split(/^---$/m)
    .filter((document) => parseManifests(document).some(({ object }) => isApplied(keyAnywhere(object))))
    .join('---\n');
}

/** Test namespaces have names of their own, so keys leave the namespace out. */
function keyAnywhere(object: KubeObject): string {
  return objectKey({ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name });
}

const setAnew = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'generation'];

/** Without what the server sets anew at each call, dry or not. */
function stable(object: KubeObject | undefined): unknown {
  if (!object) return undefined;
  // The service account's volume of a pod has a random name.
  const copy = JSON.parse(
    JSON.stringify(object).replaceAll(/kube-api-access-\w{5}/g, 'kube-api-access'),
  ) as KubeObject;
  for (const field of setAnew) delete copy.metadata[field];
  delete copy['status']; // holds times
  if (copy.kind === 'Service') {
    const spec = copy['spec'] as {
      clusterIP?: string;
      clusterIPs?: string[];
      ports?: { nodePort?: number }[];
    };
    if (spec.clusterIP !== 'None') {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  return copy;
}
