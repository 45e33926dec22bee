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

  async end(orderId, reason) {
    const { gone } = await call('installer.EndInstall', () =>
      client.endInstall({ orderId, reason: reason.slice(0, 500) }),
    );
    return { gone };
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
    case InstallState.DETACHED:
      return 'gone';
    default:
      return 'underway';
  }
}
