import { newId, newToken } from '../ids.ts';
import { owned } from '../owned.ts';
import { required, text, url } from '../params.ts';
import { route } from '../route.ts';
import type { StripeObject } from '../tables.ts';

export interface PortalSession extends StripeObject {
  object: 'billing_portal.session';
  customer: string;
  return_url: string | null;
}

const lifetimeSeconds = 3600;

export const portalSessionRoutes = [
  route(
    'POST',
    '/v1/billing_portal/sessions',
    { customer: required(text()), return_url: url },
    (scope, params) => {
      const { sim, account } = scope;
      owned(scope, sim.tables.customer, 'customer', params.customer, 'customer');
      const created = sim.clock.now();
      const token = sim.tables.pageToken.put(account, {
        id: newToken(),
        kind: 'portal',
        ref: params.customer,
        returnUrl: params.return_url ?? null,
        refreshUrl: null,
        expiresAt: created + lifetimeSeconds,
      });
      return sim.tables.portalSession.put(account, {
        id: newId('bps'),
        object: 'billing_portal.session',
        configuration: `bpc_${account.slice(5)}`,
        created,
        customer: params.customer,
        customer_account: null,
        flow: null,
        livemode: false,
        locale: null,
        on_behalf_of: null,
        return_url: params.return_url ?? null,
        url: `${sim.url}/p/session/${token.id}`,
      });
    },
  ),
];
