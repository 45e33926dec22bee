import { newToken } from '../ids.ts';
import { oneOf, record, required, text, url } from '../params.ts';
import { route } from '../route.ts';
import { platformAccount } from '../simulation.ts';
import { accountFor } from './account.ts';

const lifetimeSeconds = 300;

export const accountLinkRoutes = [
  route(
    'POST',
    '/v1/account_links',
    {
      account: required(text()),
      type: required(oneOf('account_onboarding')),
      refresh_url: required(url),
      return_url: required(url),
      collect: oneOf('currently_due', 'eventually_due'),
      collection_options: record({
        fields: oneOf('currently_due', 'eventually_due'),
        future_requirements: oneOf('include', 'omit'),
      }),
    },
    ({ sim }, params) => {
      accountFor(sim, params.account);
      const created = sim.clock.now();
      const token = sim.tables.pageToken.put(platformAccount, {
        id: newToken(),
        kind: 'onboarding',
        ref: params.account,
        returnUrl: params.return_url,
        refreshUrl: params.refresh_url,
        expiresAt: created + lifetimeSeconds,
      });
      return {
        object: 'account_link',
        created,
        expires_at: token.expiresAt,
        url: `${sim.url}/setup/s/${params.account}/${token.id}`,
      };
    },
  ),
];
