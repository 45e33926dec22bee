// Small stand-ins for the services that billing calls; what they answer is set by each test.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type DomainError, notFound } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { PackageSchema } from '@cnap/proto/cnap/catalog/v1/package';
import { type Product, ProductSchema, ProductState, Visibility } from '@cnap/proto/cnap/catalog/v1/product';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { WorkspaceOwnerService } from '@cnap/proto/cnap/identity/v1/workspace_owner_service';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import {
  type EnsureInstallRequest,
  OrderInstallService,
} from '@cnap/proto/cnap/installer/v1/order_install_service';
import {
  type CheckFitResponseSchema,
  PlacementService,
} from '@cnap/proto/cnap/installer/v1/placement_service';
import { startRpcServer } from '@cnap/rpc';
import type { TestKeys } from '@cnap/testing';

/** The fields of a product that a test sets. */
export type NewProduct = Exclude<MessageInitShape<typeof ProductSchema>, Product>;

/** Catalog with one product per call of `aProduct`. */
export interface FakeCatalog extends AsyncDisposable {
  url: string;
  products: Map<string, { product: Product; built: boolean }>;
  aProduct(product: NewProduct, built?: boolean): Product;
}

export async function startFakeCatalog(keys: TestKeys): Promise<FakeCatalog> {
  const products: FakeCatalog['products'] = new Map();
  const server = await startRpcServer({
    service: 'catalog',
    port: 0,
    services: [ProductDetailService],
    verifyCaller: keys.verifierFor('catalog'),
    routes: (router) =>
      void router.service(ProductDetailService, {
        getProductDetail({ productId }) {
          const found = products.get(productId);
          if (!found) throw notFound('product', productId);
          return { product: found.product, ...(found.built ? { package: create(PackageSchema, {}) } : {}) };
        },
      }),
  });
  return {
    url: server.url,
    products,
    aProduct(product, built = true) {
      const made = create(ProductSchema, {
        id: newId('prd'),
        name: 'Podinfo',
        templateId: newId('tpl'),
        visibility: Visibility.PUBLIC,
        state: ProductState.ACTIVE,
        inputSchema: {
          type: 'object',
          properties: { title: { type: 'string', title: 'Title', maxLength: 20 } },
        },
        ...product,
      });
      products.set(made.id, { product: made, built });
      return made;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Identity: every workspace is owned by whom the test says. */
export interface FakeIdentity extends AsyncDisposable {
  url: string;
  owners: Map<string, { id: string; email: string; name: string }>;
}

export async function startFakeIdentity(keys: TestKeys): Promise<FakeIdentity> {
  const owners: FakeIdentity['owners'] = new Map();
  const server = await startRpcServer({
    service: 'identity',
    port: 0,
    services: [CallerService, WorkspaceOwnerService],
    verifyCaller: keys.verifierFor('identity'),
    routes: (router) => {
      router.service(CallerService, {
        getSigningKeys: () => ({ jwksJson: JSON.stringify(keys.jwks) }),
      });
      router.service(WorkspaceOwnerService, {
        getWorkspaceOwner({ workspaceId }) {
          const user = owners.get(workspaceId);
          if (!user) throw notFound('workspace', workspaceId);
          return { user, workspaceName: 'Test' };
        },
      });
    },
  });
  return { url: server.url, owners, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

export interface FakeInstall {
  id: string;
  state: InstallState;
  message: string;
}

/** The installer: what became of an install is set by the test. */
export interface FakeInstaller extends AsyncDisposable {
  readonly url: string;
  /** By order. */
  installs: Map<string, FakeInstall>;
  /** Every call of EnsureInstall. */
  ensured: EnsureInstallRequest[];
  /** The trace id of the last such call, by order. */
  traces: Map<string, string>;
  /** Orders for which EndInstall was called. */
  ended: string[];
  /** Every call of HibernateOrderInstall and ReviveOrderInstall. */
  slept: { orderId: string; asleep: boolean; orderVersion: bigint }[];
  /** The state that new installs get; DEPLOYING unless told. */
  becomes: InstallState;
  /** Whether an install is gone as soon as it is ended. */
  endsAtOnce: boolean;
  /** What EnsureInstall throws, if it does. */
  refuses: DomainError | undefined;
  fit: MessageInitShape<typeof CheckFitResponseSchema>;
}

export async function startFakeInstaller(keys: TestKeys): Promise<FakeInstaller> {
  const fake: Omit<FakeInstaller, 'url' | typeof Symbol.asyncDispose> = {
    installs: new Map(),
    ensured: [],
    traces: new Map(),
    ended: [],
    slept: [],
    becomes: InstallState.DEPLOYING,
    endsAtOnce: true,
    refuses: undefined,
    fit: { fits: true, regionOffered: true },
  };
  const server = await startRpcServer({
    service: 'installer',
    port: 0,
    services: [OrderInstallService, PlacementService],
    verifyCaller: keys.verifierFor('installer'),
    routes: (router) => {
      router.service(PlacementService, { checkFit: () => fake.fit });
      router.service(OrderInstallService, {
        ensureInstall(request, context) {
          fake.ensured.push(request);
          fake.traces.set(request.orderId, context.requestHeader.get('traceparent')?.slice(3, 35) ?? '');
          if (fake.refuses) throw fake.refuses;
          const known = fake.installs.get(request.orderId);
          const install = known ?? { id: newId('ins'), state: fake.becomes, message: '' };
          fake.installs.set(request.orderId, install);
          return { install: { ...install, orderId: request.orderId } };
        },
        hibernateOrderInstall({ orderId, orderVersion }) {
          fake.slept.push({ orderId, asleep: true, orderVersion });
          return {};
        },
        reviveOrderInstall({ orderId, orderVersion }) {
          fake.slept.push({ orderId, asleep: false, orderVersion });
          return {};
        },
        endInstall({ orderId }) {
          fake.ended.push(orderId);
          const install = fake.installs.get(orderId);
          if (install?.state === InstallState.DETACHED) return { gone: false, install };
          if (install) install.state = fake.endsAtOnce ? InstallState.DELETED : InstallState.DELETING;
          return { gone: fake.endsAtOnce || install === undefined, ...(install ? { install } : {}) };
        },
      });
    },
  });
  return Object.assign(fake, {
    url: server.url,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}
