import { subscribe } from '@cnap/events';
import { InstallEventSchema } from '@cnap/proto/cnap/installer/v1/install_event';
import { wake } from '@cnap/reconcile';

/** Something happened to an install: its order looks again. */
export const onInstall = subscribe({
  subject: 'installer.v1.install.*',
  schema: InstallEventSchema,
  async handle(tx, { message }) {
    if (message.orderId !== '') await wake(tx, 'order', message.orderId);
  },
});
