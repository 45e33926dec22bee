import { startEvents } from '@cnap/events';
import { openDatabase } from '@cnap/postgres';
import { billingServices } from '@cnap/proto/services/billing';
import { CheckoutService } from '@cnap/proto/cnap/billing/v1/checkout_service';
import { OrderService } from '@cnap/proto/cnap/billing/v1/order_service';
import { PriceLookupService } from '@cnap/proto/cnap/billing/v1/price_lookup_service';
import { PriceService } from '@cnap/proto/cnap/billing/v1/price_service';
import { SellerAccountService } from '@cnap/proto/cnap/billing/v1/seller_account_service';
import { UsageService } from '@cnap/proto/cnap/billing/v1/usage_service';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { WorkspaceOwnerService } from '@cnap/proto/cnap/identity/v1/workspace_owner_service';
import { OrderInstallService } from '@cnap/proto/cnap/installer/v1/order_install_service';
import { PlacementService } from '@cnap/proto/cnap/installer/v1/placement_service';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { startReconcilers } from '@cnap/reconcile';
import { peerClient, startRpcServer } from '@cnap/rpc';
import { parseKeyring } from '@cnap/secrets';
import { callersOf, deadLetterRpc, type ExternalCallHooks, externalCalls } from '@cnap/service';
import { createLogger, startTelemetry } from '@cnap/telemetry';
import { catalogProducts } from './catalog/products.ts';
import { checkoutRpc } from './checkout/rpc.ts';
import type { Config } from './config.ts';
import { onOwnershipTransferred } from './customer/on-ownership-transferred.ts';
import { customerReconciler } from './customer/reconcile.ts';
import type { BillingTables } from './database.ts';
import { identityOwners } from './identity/owners.ts';
import { installerInstalls } from './installer/installs.ts';
import { installerPlacements } from './installer/placements.ts';
import { onInstall } from './order/on-install.ts';
import { orderReconciler } from './order/reconcile.ts';
import { orderRpc } from './order/rpc.ts';
import { priceLookupRpc, priceRpc } from './price/rpc.ts';
import { priceReconciler } from './price/sync.ts';
import { onProduct } from './product/on-product.ts';
import { sellerAccountRpc } from './seller-account/rpc.ts';
import { sellerAccountReconciler } from './seller-account/sync.ts';
import { stripeEventReconciler } from './stripe-event/reconcile.ts';
import { stripeWebhookHandler } from './stripe-event/receive.ts';
import { stripeAccounts } from './stripe/accounts.ts';
import { createStripeClient } from './stripe/client.ts';
import { stripeCustomers } from './stripe/customers.ts';
import { stripeMoney } from './stripe/money.ts';
import { stripePrices } from './stripe/prices.ts';
import { stripeSessions } from './stripe/sessions.ts';
import { stripeWebhooks } from './stripe/webhooks.ts';
import { usageRpc } from './usage/rpc.ts';

/** What tests may set besides the configuration. */
export type Overrides = ExternalCallHooks & {
  /** The clock of deadlines. */
  now?: () => Date;
  /** The pause after a first failure of a reconciler. */
  firstPauseMs?: number;
};

/** Starts billing: the one place where its parts meet. */
export async function startBilling(
  config: Config,
  overrides: Overrides = {},
): Promise<AsyncDisposable & { url: string }> {
  await using parts = new AsyncDisposableStack();
  parts.use(startTelemetry('billing'));
  const logger = createLogger('billing');
  const db = parts.use(openDatabase<BillingTables>({ url: config.DATABASE_URL, schema: 'billing' }));
  const keyring = parseKeyring(config.CNAP_KEYS);
  const { identity, verifier } = callersOf('billing', config);
  const call = externalCalls(overrides);

  const at = (baseUrl: string, audience: string) => ({ baseUrl, audience, identity });
  const products = catalogProducts(
    peerClient(ProductDetailService, at(config.CNAP_CATALOG_URL, 'catalog')),
    call,
  );
  const owners = identityOwners(
    peerClient(WorkspaceOwnerService, at(config.CNAP_IDENTITY_URL, 'identity')),
    call,
  );
  const installer = at(config.CNAP_INSTALLER_URL, 'installer');
  const placements = installerPlacements(peerClient(PlacementService, installer), call);
  const installs = installerInstalls(peerClient(OrderInstallService, installer), call);

  const stripe = createStripeClient({
    secretKey: config.STRIPE_SECRET_KEY,
    externalCalls: call,
    ...(config.STRIPE_API_URL === undefined ? {} : { apiUrl: config.STRIPE_API_URL }),
  });
  const accounts = stripeAccounts(stripe);
  const prices = stripePrices(stripe);
  const customers = stripeCustomers(stripe);
  const sessions = stripeSessions(stripe);
  const money = stripeMoney(stripe);
  const webhooks = stripeWebhooks(
    stripe,
    config.STRIPE_WEBHOOK_SECRET.split(',').map((secret) => secret.trim()),
  );
  const order = {
    keyring,
    fulfilmentDeadlineMs: config.CNAP_FULFILMENT_DEADLINE,
    now: overrides.now ?? (() => new Date()),
  };

  parts.use(
    await startReconcilers({
      db,
      reconcilers: {
        order: orderReconciler({ db, money, installs, ...order }),
        'stripe-event': stripeEventReconciler({ db, webhooks }),
        'seller-account': sellerAccountReconciler({ db, accounts }),
        price: priceReconciler({ db, prices }),
        customer: customerReconciler({ db, customers, owners }),
      },
      concurrency: 20,
      leaseMs: config.CNAP_LEASE,
      onError: (error, where) => logger.warn({ err: error, ...where }, 'will be tried again'),
      ...(overrides.firstPauseMs === undefined ? {} : { firstPauseMs: overrides.firstPauseMs }),
    }),
  );
  const events = parts.use(
    await startEvents({
      db,
      service: 'billing',
      natsUrl: config.NATS_URL,
      subjectPrefix: config.CNAP_NATS_PREFIX,
      subscriptions: [onInstall, onProduct, onOwnershipTransferred],
    }),
  );
  const checkout = {
    db,
    products,
    placements,
    prices,
    accounts,
    customers,
    owners,
    sessions,
    money,
    ...order,
    feePercent: config.CNAP_PLATFORM_FEE_PERCENT,
    publicUrl: config.CNAP_PUBLIC_URL,
  };
  const server = parts.use(
    await startRpcServer({
      service: 'billing',
      host: config.HOST,
      port: config.PORT,
      services: billingServices,
      verifyCaller: (token) => verifier.verify(token),
      ready: () => db.ping(),
      http: stripeWebhookHandler({ db, webhooks, logger }),
      routes: (router) => {
        router.service(CheckoutService, checkoutRpc(checkout));
        router.service(OrderService, orderRpc({ db, money }));
        router.service(PriceService, priceRpc({ db, prices, accounts }));
        router.service(PriceLookupService, priceLookupRpc({ db, prices, accounts }));
        router.service(SellerAccountService, sellerAccountRpc({ db, accounts }));
        router.service(UsageService, usageRpc({ db }));
        router.service(DeadLetterService, deadLetterRpc(events));
      },
    }),
  );
  const owned = parts.move();
  return { url: server.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
