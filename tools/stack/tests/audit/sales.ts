import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
import { idOf, type Change, type Scene } from './change.ts';
import { sampleChart } from './offers.ts';

const bothSides = ({ platform: { sample } }: Scene) => [
  sample.buyer.workspace_id,
  sample.seller.workspace_id,
];

const running =
  (name: string) =>
  ({ platform, made }: Scene) => {
    const id = idOf(made, name);
    return eventually(
      async () => {
        const { install: seen } = await platform.as('seller').installs.getInstall({ id });
        if (seen?.state !== InstallState.RUNNING) throw new Error(`it does not run: ${seen?.message}`);
      },
      { timeoutMs: 60_000 },
    );
  };

/** The source of an install's software. */
async function sourceOf({ platform }: Scene, templateId: string): Promise<string> {
  const { template } = await platform.as('seller').templates.getTemplate({ id: templateId });
  return template?.sources[0]?.id ?? '';
}

/** Money and what runs for it. `made.order` is a fulfilled order. */
export const sales: Change[] = [
  {
    method: 'SellerAccountService/ConnectSellerAccount',
    by: 'stranger',
    call: ({ sellerAccounts }, traced, { platform }) =>
      sellerAccounts.connectSellerAccount({ returnUrl: platform.url }, traced),
    actions: ['billing.v1.seller.connected'],
  },
  {
    method: 'SellerAccountService/DisconnectSellerAccount',
    by: 'stranger',
    call: ({ sellerAccounts }, traced) => sellerAccounts.disconnectSellerAccount({}, traced),
    actions: ['billing.v1.seller.disabled'],
  },
  {
    method: 'CheckoutService/CreateCheckout',
    by: 'buyer',
    async call({ checkouts }, traced, { platform: { sample }, made }) {
      const { order } = await checkouts.createCheckout(
        { productId: sample.products.one_time, regionId: sample.region_id, inputs: { title: 'A sale' } },
        traced,
      );
      made['open'] = order?.id ?? '';
    },
    actions: ['billing.v1.order.open'],
    logs: bothSides,
  },
  {
    method: 'OrderService/CancelOrder',
    by: 'buyer',
    call: ({ orders }, traced, { made }) => orders.cancelOrder({ id: idOf(made, 'open') }, traced),
    actions: ['billing.v1.order.cancel_requested'],
    logs: bothSides,
  },
  {
    method: 'InstallService/CreateInstall',
    by: 'seller',
    async call({ installs }, traced, { platform: { sample }, made }) {
      const { install } = await installs.createInstall(
        {
          productId: sample.products.one_time,
          regionId: sample.region_id,
          name: 'Own',
          inputs: { title: 'One' },
        },
        traced,
      );
      Object.assign(made, { install: install?.id ?? '', template: install?.templateId ?? '' });
    },
    actions: ['installer.v1.install.created'],
  },
  {
    method: 'InstallService/UpdateInstall',
    by: 'seller',
    call: ({ installs }, traced, { made }) =>
      installs.updateInstall({ id: idOf(made, 'install'), name: 'Renamed' }, traced),
    actions: ['installer.v1.install.changed'],
  },
  {
    method: 'InstallService/UpdateInstallOverrides',
    by: 'seller',
    when: running('install'),
    async call({ installs }, traced, scene) {
      const sourceId = await sourceOf(scene, idOf(scene.made, 'template'));
      const updates = [{ sourceId, values: { title: 'Two' } }];
      await installs.updateInstallOverrides({ id: idOf(scene.made, 'install'), updates }, traced);
    },
    actions: ['installer.v1.install.overrides_changed'],
  },
  {
    method: 'InstallService/RollbackInstall',
    by: 'seller',
    async call({ installs, releases }, traced, { made }) {
      const installId = idOf(made, 'install');
      const first = (await releases.listReleases({ installId })).releases.at(-1);
      await installs.rollbackInstall({ id: installId, releaseId: first?.id ?? '' }, traced);
    },
    actions: ['installer.v1.install.rollback_requested'],
  },
  {
    method: 'InstallService/HibernateInstall',
    by: 'seller',
    when: running('install'),
    call: ({ installs }, traced, { made }) =>
      installs.hibernateInstall({ id: idOf(made, 'install') }, traced),
    actions: ['installer.v1.install.hibernate_requested'],
  },
  {
    method: 'InstallService/ReviveInstall',
    by: 'seller',
    call: ({ installs }, traced, { made }) => installs.reviveInstall({ id: idOf(made, 'install') }, traced),
    actions: ['installer.v1.install.revive_requested'],
  },
  {
    method: 'InstallService/CreateStandaloneInstall',
    by: 'seller',
    async call({ installs }, traced, scene) {
      const chart = { ...(await sampleChart(scene)), version: '^1.0.0' };
      const made = await installs.createStandaloneInstall(
        {
          name: 'Direct',
          clusterIds: [scene.platform.sample.cluster_id],
          sources: [{ chart, values: { title: 'One' } }],
        },
        traced,
      );
      Object.assign(scene.made, { direct: made.installs[0]?.id ?? '', directTemplate: made.templateId });
    },
    actions: ['catalog.v1.template.created', 'installer.v1.install.created'],
  },
  {
    method: 'InstallService/UpdateInstallValues',
    by: 'seller',
    // A build that is under way would give way, which is in the log, too.
    when: running('direct'),
    async call({ installs }, traced, scene) {
      const sourceId = await sourceOf(scene, idOf(scene.made, 'directTemplate'));
      const updates = [{ sourceId, values: { title: 'Two' } }];
      await installs.updateInstallValues({ id: idOf(scene.made, 'direct'), updates }, traced);
    },
    actions: ['catalog.v1.template.updated', 'installer.v1.install.values_changed'],
  },
  {
    method: 'AdoptionService/ExportInstall',
    by: 'seller',
    when: running('direct'),
    call: ({ adoptions }, traced, { made }) =>
      adoptions.exportInstall({ installId: idOf(made, 'direct') }, traced),
    actions: ['installer.v1.install.exported'],
  },
  {
    method: 'InstallService/DeleteInstall',
    by: 'seller',
    call: ({ installs }, traced, { made }) => installs.deleteInstall({ id: idOf(made, 'install') }, traced),
    actions: ['installer.v1.install.deleting'],
  },
  {
    method: 'OrderService/RefundOrder',
    by: 'seller',
    call: ({ orders }, traced, { made }) => orders.refundOrder({ id: idOf(made, 'order') }, traced),
    actions: ['billing.v1.order.refund_requested'],
    logs: bothSides,
  },
];
