// What a package brings and needs, found out from two renderings of it.
import type { Chart, Rendered } from '@cnap/helm';
import type {
  GeneratedField,
  JsonObject,
  PackageKind,
  Part,
  ResolvedSource,
  ResourceNeeds,
  StoredSource,
} from '../database.ts';
import { generatedIn } from './inspect/generated.ts';
import { imagesOf } from './inspect/images.ts';
import { kindsOf } from './inspect/kinds.ts';
import { needsOf } from './inspect/needs.ts';
import { mergedValues, schemaOf } from './inspect/values-schema.ts';
import { allRanges } from './kubernetes-range.ts';

export type Inspection = {
  resolved: ResolvedSource[];
  images: string[];
  kinds: PackageKind[];
  generatedFields: GeneratedField[];
  needs: ResourceNeeds;
  valuesSchema: JsonObject;
  values: JsonObject;
  kubernetesVersionRange: string;
};

/** Everything that is found out about a package; `charts` are those of the sources, by alias. */
export function inspect(
  sources: StoredSource[],
  parts: Part[],
  charts: Map<string, Chart>,
  renderings: [first: Rendered, second: Rendered],
  releaseName: string,
): Inspection {
  const [first] = renderings;
  const hooks = first.hooks.filter(({ events }) => events.some((event) => event !== 'test'));
  const lasting = [...first.crds, ...first.objects];
  const all = [...lasting, ...hooks.map(({ object }) => object)];
  const values: JsonObject = {};
  const properties: JsonObject = {};
  for (const { alias, values: own } of sources) {
    const chart = charts.get(alias);
    const merged = mergedValues(chart?.values ?? {}, own);
    values[alias] = merged;
    properties[alias] = schemaOf(chart?.valuesSchema, merged);
  }
  return {
    resolved: sources.map((source) => resolvedSource(source, parts)),
    images: imagesOf(all),
    kinds: kindsOf(all),
    generatedFields: generatedIn(renderings, releaseName),
    needs: needsOf(lasting),
    valuesSchema: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties },
    values,
    kubernetesVersionRange: allRanges([...charts.values()].flatMap(({ kubeVersion }) => kubeVersion ?? [])),
  };
}

function resolvedSource({ id, alias, waitFor }: StoredSource, parts: Part[]): ResolvedSource {
  const part = parts.find(({ key }) => key === alias);
  return {
    sourceId: id,
    alias,
    version: part?.resolved?.version ?? '',
    digest: part?.fetched ?? '',
    url: part?.resolved?.url ?? '',
    ...(waitFor === undefined ? {} : { waitFor }),
  };
}
