import { readFile } from 'node:fs/promises';
import type { CnapClient } from '@cnap/client';
import { parseKubeconfig } from '@cnap/kubernetes';
import type { JsonObject } from '@bufbuild/protobuf';
import { PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { InputFill } from '@cnap/proto/cnap/catalog/v1/product';
import type { Stripe } from 'stripe';

const regionName = 'Home';
const templateName = 'Sample';

/** The region, made if it is not there. */
export async function ensureRegion(seller: CnapClient): Promise<string> {
  const { regions } = await seller.regions.listRegions({ pageSize: 100 });
  const known = regions.find((region) => region.name === regionName);
  if (known) return known.id;
  const { region } = await seller.regions.createRegion({ name: regionName, icon: '🏠' });
  return region?.id ?? '';
}

/** The cluster behind a kubeconfig, imported if it is not there. */
export async function ensureCluster(
  seller: CnapClient,
  regionId: string,
  kubeconfigPath: string,
): Promise<string> {
  const kubeconfig = await readFile(kubeconfigPath, 'utf8');
  const { server } = parseKubeconfig(kubeconfig);
  const { clusters } = await seller.clusters.listClusters({ pageSize: 100 });
  const known = clusters.find((cluster) => cluster.server === server);
  if (known) return known.id;
  const { cluster } = await seller.clusters.importCluster({
    name: `Cluster ${clusters.length + 1}`,
    regionId,
    kubeconfig,
  });
  return cluster?.id ?? '';
}

/** The seller's Stripe account; on the simulated one the onboarding page is filled in as a person would. */
export async function ensureStripeAccount(
  seller: CnapClient,
  publicUrl: string,
  simulated: boolean,
): Promise<{ accountId: string; chargesEnabled: boolean; onboardingUrl: string }> {
  const { sellerAccount, onboardingUrl } = await seller.sellerAccounts.connectSellerAccount({
    returnUrl: publicUrl,
  });
  const accountId = sellerAccount?.stripeAccountId ?? '';
  if (sellerAccount?.chargesEnabled) return { accountId, chargesEnabled: true, onboardingUrl };
  if (!simulated) return { accountId, chargesEnabled: false, onboardingUrl };
  const answer = await fetch(onboardingUrl, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ business_name: 'Sample Software', action: 'complete' }),
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.status >= 400) throw new Error(`the onboarding page answered ${answer.status}`);
  const giveUpAt = performance.now() + 20_000;
  while (performance.now() < giveUpAt) {
    const { sellerAccount: now } = await seller.sellerAccounts.getSellerAccount({});
    if (now?.chargesEnabled) return { accountId, chargesEnabled: true, onboardingUrl };
    await new Promise((again) => setTimeout(again, 100));
  }
  throw new Error('Stripe says nothing about the seller’s account being ready');
}

/** The two prices of the sample products on the seller's own account, found by lookup key or made. */
export async function ensurePrices(
  stripe: Stripe,
  accountId: string,
): Promise<{ oneTime: string; monthly: string }> {
  const account = { stripeAccount: accountId };
  const { data } = await stripe.prices.list({ active: true, limit: 100 }, account);
  const make = async (name: string, amount: number, recurring?: { interval: 'month' }) => {
    const product = await stripe.products.create(
      { name },
      { ...account, idempotencyKey: `sample-product-${name}` },
    );
    const price = await stripe.prices.create(
      { product: product.id, currency: 'eur', unit_amount: amount, ...(recurring ? { recurring } : {}) },
      { ...account, idempotencyKey: `sample-price-${name}` },
    );
    return price.id;
  };
  const oneTime = data.find((price) => price.type === 'one_time' && price.unit_amount === 4_900);
  const monthly = data.find((price) => price.type === 'recurring' && price.unit_amount === 1_900);
  return {
    oneTime: oneTime?.id ?? (await make('Sample page, yours for good', 4_900)),
    monthly: monthly?.id ?? (await make('Sample page, by the month', 1_900, { interval: 'month' })),
  };
}

/** The template and its first package, built if it is not there. */
export async function ensureTemplate(seller: CnapClient, repositoryUrl: string): Promise<string> {
  const { templates } = await seller.templates.listTemplates({ pageSize: 100 });
  const known = templates.find((template) => template.name === templateName);
  if (known?.latestPackageId) return known.id;
  const made = known
    ? {
        templateId: known.id,
        packageId: (await seller.packages.buildPackage({ templateId: known.id })).package?.id,
      }
    : await seller.templates
        .createTemplate({
          name: templateName,
          sources: [
            {
              kind: {
                case: 'helmChart',
                value: { repoUrl: repositoryUrl, chart: 'sample', version: '^1.0.0' },
              },
            },
          ],
        })
        .then(({ template, packageId }) => ({ templateId: template?.id ?? '', packageId }));
  const build = { id: made.packageId ?? '' };
  for await (const { package: seen } of seller.packages.watchPackage(build, { timeoutMs: 60_000 })) {
    if (seen?.state === PackageState.READY) return made.templateId;
    if (seen?.state === PackageState.FAILED)
      throw new Error(`the sample package failed: ${seen.stateMessage}`);
  }
  throw new Error('the build of the sample package ended without a result');
}

const titleSchema: JsonObject = {
  type: 'string',
  title: 'Title',
  description: 'What the page says',
  minLength: 1,
  maxLength: 80,
};

/** A product of the template, made if it is not there. */
export async function ensureProduct(
  seller: CnapClient,
  product: { name: string; description: string; templateId: string; clusterId: string; priceId: string },
): Promise<string> {
  const { products } = await seller.products.listProducts({ pageSize: 100 });
  const known = products.find((one) => one.name === product.name);
  if (known) {
    if (known.clusterIds.includes(product.clusterId)) return known.id;
    await seller.products.updateProduct({
      id: known.id,
      change: { clusterIds: [product.clusterId] },
      updateMask: { paths: ['cluster_ids'] },
    });
    return known.id;
  }
  const { product: made } = await seller.products.createProduct({
    name: product.name,
    description: product.description,
    templateId: product.templateId,
    clusterIds: [product.clusterId],
    stripePriceIds: [product.priceId],
    group: 'Sample',
    inputs: [
      {
        name: 'title',
        sourceAlias: 'sample',
        path: 'title',
        schema: titleSchema,
        required: true,
        fill: InputFill.BUYER,
      },
    ],
    documentation: 'A page of your own, with a volume and a protected corner.',
  });
  return made?.id ?? '';
}
