import { type Install, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import type { OrderInstallService } from '@cnap/proto/cnap/installer/v1/order_install_service';
import type { Client } from '@connectrpc/connect';
import type { ExternalCalls } from '@cnap/service';
import type { Installs, InstallSeen } from '../order/port.ts';

/** Installs of orders, as the installer has them. */
export const installerInstalls = (
  client: Client<typeof OrderInstallService>,
  call: ExternalCalls,
): Installs => ({
  async ensure(order) {
    const { install } = await call('installer.EnsureInstall', () =>
      client.ensureInstall({ ...order, name: order.name.slice(0, 100) }),
    );
    if (install === undefined) throw new Error(`the installer named no install for ${order.orderId}`);
    return seen(install);
  },

  async hibernate(orderId, orderVersion) {
    await call('installer.HibernateOrderInstall', () =>
      client.hibernateOrderInstall({ orderId, orderVersion }),
    );
  },

  async revive(orderId, orderVersion) {
    await call('installer.ReviveOrderInstall', () => client.reviveOrderInstall({ orderId, orderVersion }));
  },

  async end(orderId, reason) {
    const { gone, install } = await call('installer.EndInstall', () =>
      client.endInstall({ orderId, reason: reason.slice(0, 500) }),
    );
    // What is left on a cluster that is forgotten goes if it ever returns: that is the installer's affair.
    return { gone: gone || install?.state === InstallState.DETACHED };
  },
});

const seen = ({ id, state, reason, message }: Install): InstallSeen => ({
  id,
  phase: phaseOf(state),
  reason,
  message,
});

function phaseOf(state: InstallState): InstallSeen['phase'] {
  switch (state) {
    case InstallState.RUNNING:
      return 'healthy';
    case InstallState.FAILED:
      return 'failed';
    case InstallState.DELETING:
    case InstallState.DELETED:
      return 'gone';
    case InstallState.DETACHED:
      return 'detached';
    default:
      return 'underway';
  }
}
