import { createCnapClient } from '@cnap/client';
import { Stripe } from 'stripe';
import { step } from '../console.ts';
import type { DevFile, SamplePerson } from '../dev-file.ts';
import { askAgain } from './ask-again.ts';
import { provisionUser, type OperatorAccess } from '../provision.ts';
import {
  ensureCluster,
  ensurePrices,
  ensureProduct,
  ensureRegion,
  ensureStripeAccount,
  ensureTemplate,
} from './seller.ts';

/** Where the platform to be seeded is. */
export type SeedTarget = {
  url: string;
  operator: OperatorAccess;
  kubeconfigPath: string;
  chartsUrl: string;
  stripe: { secretKey: string; apiUrl: string | undefined };
};

type Sample = Pick<DevFile, 'seller' | 'buyer' | 'cluster_id' | 'region_id' | 'products'>;

/** Makes the sample seller and buyer through the operator's command and then the public API only; repeatable. */
export async function seed(target: SeedTarget, before: DevFile | undefined): Promise<Sample> {
  const [seller, buyer] = await step('seller and buyer', () =>
    Promise.all([
      person(target, 'seller@example.com', 'Sample Seller', 'Sample Software', before?.seller),
      person(target, 'buyer@example.com', 'Sample Buyer', 'Example Company', before?.buyer),
    ]),
  );
  const client = createCnapClient({
    baseUrl: target.url,
    token: seller.token,
    workspaceId: seller.workspace_id,
  });
  const simulated = target.stripe.apiUrl !== undefined;
  const template = step('a template and its package', () =>
    askAgain(() => ensureTemplate(client, target.chartsUrl)),
  );
  const place = step('a region and the imported cluster', async () => {
    const regionId = await askAgain(() => ensureRegion(client));
    const { kubeconfigPath } = target;
    return { regionId, clusterId: await askAgain(() => ensureCluster(client, regionId, kubeconfigPath)) };
  });
  const account = step('the seller’s Stripe account', () =>
    askAgain(() => ensureStripeAccount(client, target.url, simulated)),
  );
  const [templateId, { regionId, clusterId }, { accountId, chargesEnabled, onboardingUrl }] =
    await Promise.all([template, place, account]);
  if (!chargesEnabled) {
    throw new Error(`the seller’s Stripe account cannot charge yet: open ${onboardingUrl}, then start again`);
  }
  const products = await step('two products with prices', async () => {
    const prices = await ensurePrices(stripeOf(target), accountId);
    const common = { description: 'A page of your own on Kubernetes.', templateId, clusterId };
    return {
      one_time: await askAgain(() =>
        ensureProduct(client, { ...common, name: 'Sample page', priceId: prices.oneTime }),
      ),
      monthly: await askAgain(() =>
        ensureProduct(client, { ...common, name: 'Sample page, monthly', priceId: prices.monthly }),
      ),
    };
  });
  return { seller, buyer, cluster_id: clusterId, region_id: regionId, products };
}

/** Stripe as the seller uses it: the simulated one, or the real one. */
export function stripeOf({ stripe }: Pick<SeedTarget, 'stripe'>): Stripe {
  if (stripe.apiUrl === undefined) return new Stripe(stripe.secretKey);
  const { hostname, port } = new URL(stripe.apiUrl);
  return new Stripe(stripe.secretKey, { host: hostname, port, protocol: 'http', maxNetworkRetries: 2 });
}

/** The person of the last start if the token still works, else one with a new token. */
async function person(
  target: SeedTarget,
  email: string,
  name: string,
  workspaceName: string,
  before: SamplePerson | undefined,
): Promise<SamplePerson> {
  if (before) {
    const client = createCnapClient({ baseUrl: target.url, token: before.token });
    const works = await client.users.getCurrentUser({}).then(
      () => true,
      () => false,
    );
    if (works) return before;
  }
  const made = await provisionUser(target.operator, { email, name, workspaceName, tokenName: 'npm start' });
  return { token: made.token, workspace_id: made.workspaceId, email };
}
