import { durationMs, timestampDate } from '@bufbuild/protobuf/wkt';
import type { Client } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import type { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { PackageState, type Package } from '@cnap/proto/cnap/catalog/v1/package';
import { InputFill, UpdatePolicy, type Product } from '@cnap/proto/cnap/catalog/v1/product';
import type { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import type { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { PodSecurity, WaitFor } from '@cnap/proto/cnap/catalog/v1/template';
import type { TemplateService } from '@cnap/proto/cnap/catalog/v1/template_service';
import type { InputFillName, ProductColumn, UpdatePolicyName } from '../database.ts';
import { refuseBadUpdates } from '../install/overrides.ts';
import type { Catalog, PackageSeen } from '../install/port.ts';
import type { WaitFor as WaitForName } from '../kubernetes/wait-for.ts';

type Clients = {
  products: Client<typeof ProductDetailService>;
  artifacts: Client<typeof ArtifactService>;
  registries: Client<typeof RegistrySecretService>;
  templates: Client<typeof TemplateService>;
};

const fills: Record<number, InputFillName> = {
  [InputFill.UNSPECIFIED]: 'buyer',
  [InputFill.BUYER]: 'buyer',
  [InputFill.HOST]: 'host',
  [InputFill.PASSWORD]: 'password',
  [InputFill.SEATS]: 'seats',
  [InputFill.INSTALL_ID]: 'install_id',
  [InputFill.NAMESPACE]: 'namespace',
};

const levels: Record<number, ProductColumn['podSecurity']> = {
  [PodSecurity.UNSPECIFIED]: 'baseline',
  [PodSecurity.BASELINE]: 'baseline',
  [PodSecurity.RESTRICTED]: 'restricted',
  [PodSecurity.PRIVILEGED]: 'privileged',
};

const policies: Record<number, UpdatePolicyName> = {
  [UpdatePolicy.MANUAL]: 'manual',
  [UpdatePolicy.PATCH]: 'patch',
  [UpdatePolicy.ALL]: 'all',
};

const waits: Record<number, WaitForName> = {
  [WaitFor.API_SERVICES]: 'api-services',
  [WaitFor.CUSTOM_RESOURCES]: 'custom-resources',
  [WaitFor.WEBHOOKS]: 'webhooks',
};

/** Packages and artifacts never change, so that the ones used last are kept. */
const keptPackages = 200;
const keptArtifactBytes = 64 * 1024 * 1024;

/** The catalog, as the installer asks it. */
export function askCatalog({ products, artifacts, registries, templates }: Clients): Catalog {
  const packages = new Map<string, { seen: PackageSeen; images: string[] }>();
  const charts = new Map<string, Uint8Array>();

  const packageOf = async (id: string) => {
    const known = packages.get(id);
    if (known) return known;
    const { package: found } = await artifacts.getPackageDetail({ packageId: id });
    if (!found) throw new Error(`the catalog has no package ${id}`);
    const entry = { seen: packageSeen(found), images: found.images };
    if (entry.seen.state === 'building') return entry;
    packages.set(id, entry);
    if (packages.size > keptPackages) packages.delete(String(packages.keys().next().value));
    return entry;
  };

  return {
    async product(productId) {
      const detail = await products.getProductDetail({ productId }).catch((error: unknown) => {
        if (error instanceof DomainError && error.kind === 'not-found') return undefined;
        throw error;
      });
      const product = detail?.product;
      if (!product) return undefined;
      return {
        id: product.id,
        workspaceId: product.workspaceId,
        templateId: product.templateId,
        name: product.name,
        inputSchema: product.inputSchema ?? {},
        updatePolicy: policies[product.updatePolicy] ?? 'patch',
        column: columnOf(product, levels[detail.podSecurity] ?? 'baseline', detail.package),
        package: detail.package && packageSeen(detail.package),
      };
    },

    package: async (id) => (await packageOf(id)).seen,

    async artifact(digest, signal) {
      const known = charts.get(digest);
      if (known) return known;
      const chunks: Uint8Array[] = [];
      for await (const { chunk } of artifacts.getArtifact({ digest }, { signal })) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      charts.set(digest, bytes);
      let size = [...charts.values()].reduce((sum, one) => sum + one.byteLength, 0);
      for (const [oldest, chart] of charts) {
        if (size <= keptArtifactBytes || oldest === digest) break;
        charts.delete(oldest);
        size -= chart.byteLength;
      }
      return bytes;
    },

    async makeTemplate(authorization, request) {
      const { template, packageId } = await templates.createTemplate(request, {
        headers: { authorization },
      });
      if (!template) throw new Error('the catalog made no template');
      return { templateId: template.id, packageId };
    },

    async changeValues(authorization, id, updates) {
      const options = { headers: { authorization } };
      const { template } = await templates.getTemplate({ id }, options);
      if (!template) throw new Error(`the catalog has no template ${id}`);
      const ids = template.sources.map((source) => source.id);
      refuseBadUpdates('updates', updates, ids);
      const values = new Map(updates.map((update) => [update.sourceId, update.values]));
      const { packageId } = await templates.updateTemplate(
        {
          id,
          etag: template.etag,
          sources: template.sources.map((source) => {
            const own = values.get(source.id);
            return own === undefined ? source : { ...source, values: own };
          }),
        },
        options,
      );
      return packageId;
    },

    async registries(workspaceId, packageId) {
      const { images } = await packageOf(packageId);
      const answer = await registries.getRegistrySecret({ workspaceId, images });
      const expiresAt = answer.expireTime && timestampDate(answer.expireTime);
      const { auths = {} } = JSON.parse(answer.dockerConfigJson || '{}') as {
        auths?: Record<string, { username?: string; password?: string; auth?: string }>;
      };
      const logins = Object.entries(auths).map(([host, { username, password, auth = '' }]) => {
        const [, user = '', secret = ''] =
          /^([^:]*):(.*)$/s.exec(Buffer.from(auth, 'base64').toString()) ?? [];
        return { host, username: username ?? user, password: password ?? secret };
      });
      return { logins, expiresAt };
    },
  };
}

const packageSeen = (found: Package): PackageSeen => ({
  id: found.id,
  templateId: found.templateId,
  state:
    found.state === PackageState.READY
      ? 'ready'
      : found.state === PackageState.FAILED
        ? 'failed'
        : 'building',
  stateMessage: found.stateMessage,
  version: found.version,
  digest: found.digest,
  sources: found.sources.map(({ sourceId, alias, waitFor }) => ({
    id: sourceId,
    alias,
    waitFor: waitFor.flatMap((one) => waits[one] ?? []),
  })),
  needs: {
    cpuMillis: Number(found.needs?.cpuMillis ?? 0),
    memoryBytes: Number(found.needs?.memoryBytes ?? 0),
    pods: found.needs?.pods ?? 0,
  },
  kubernetesVersionRange: found.kubernetesVersionRange,
  kinds: found.kinds.map(({ apiVersion, kind, clusterWide }) => ({ apiVersion, kind, clusterWide })),
});

/** An input without an alias belongs to the only source. */
function columnOf(
  product: Product,
  podSecurity: ProductColumn['podSecurity'],
  pack: Package | undefined,
): ProductColumn {
  const onlyAlias = pack?.sources[0]?.alias ?? '';
  return {
    clusterIds: product.clusterIds,
    podSecurity,
    ownerLogsOff: product.ownerLogsOff,
    ownerExecOn: product.ownerExecOn,
    retainVolumesDays: product.retainVolumesDays,
    ...(product.healthDeadline ? { healthDeadlineMs: durationMs(product.healthDeadline) } : {}),
    values: product.values ?? {},
    outputs: product.outputs.map(({ title, secret, from }) => ({
      title,
      secret,
      ...(from.case === 'text' ? { text: from.value } : {}),
      ...(from.case === 'secretKey' ? { secretKey: from.value } : {}),
    })),
    inputs: product.inputs.map((input) => ({
      name: input.name,
      alias: input.sourceAlias || onlyAlias,
      path: input.path,
      fill: fills[input.fill] ?? 'buyer',
      secret: input.secret,
    })),
  };
}
