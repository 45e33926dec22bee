import type { Answer } from '../http.ts';
import { redirect } from '../http.ts';
import { accountFor, changeAccount, completeOnboarding } from '../resources/account.ts';
import { platformAccount, scopeOf } from '../simulation.ts';
import type { Simulation } from '../simulation.ts';
import type { PageToken } from '../tables.ts';
import { html, pageAnswer } from './html.ts';

function tokenOf(sim: Simulation, account: string, id: string): PageToken | undefined {
  const token = sim.tables.pageToken.get(id);
  return token?.kind === 'onboarding' && token.ref === account ? token : undefined;
}

const unknownLink = pageAnswer(
  'No such link',
  html`<section>
    <h1>No such link</h1>
    <p>Ask for a new onboarding link.</p>
  </section>`,
  { status: 404 },
);

export function showOnboarding(sim: Simulation, accountId: string, tokenId: string): Answer {
  const token = tokenOf(sim, accountId, tokenId);
  if (!token) return unknownLink;
  // As Stripe does with a link that is too old: the platform makes a new one.
  if (token.expiresAt <= sim.clock.now() && token.refreshUrl !== null) return redirect(token.refreshUrl);
  const account = accountFor(sim, accountId);
  const body = html` <section>
    <h1>Connect your Stripe account</h1>
    <p>
      CNAP wants to sell your software for you. You are paid into your own account <code>${accountId}</code>.
    </p>
    ${account.details_submitted && html`<p><strong>This account is complete already.</strong></p>`}
    <form method="post" action="/setup/s/${accountId}/${tokenId}">
      <label
        >Business name<input
          name="business_name"
          autocomplete="organization"
          value="${account.business_profile.name ?? ''}"
      /></label>
      <button type="submit" name="action" value="complete">Agree and submit</button>
      <button type="submit" name="action" value="later" class="quiet">Save for later</button>
    </form>
  </section>`;
  return pageAnswer('Connect your Stripe account', body, { leadsTo: [token.returnUrl, token.refreshUrl] });
}

export function submitOnboarding(
  sim: Simulation,
  accountId: string,
  tokenId: string,
  form: URLSearchParams,
): Answer {
  const token = tokenOf(sim, accountId, tokenId);
  if (!token || token.returnUrl === null) return unknownLink;
  if (token.expiresAt <= sim.clock.now() && token.refreshUrl !== null) return redirect(token.refreshUrl);
  const action = form.get('action');
  if (action !== 'complete' && action !== 'later') {
    return pageAnswer(
      'Not understood',
      html`<section><p class="alarm">The form must say action=complete or action=later.</p></section>`,
      { status: 400 },
    );
  }
  if (action === 'complete') {
    const scope = scopeOf(sim, platformAccount);
    const name = form.get('business_name')?.trim();
    sim.store.transaction(() => {
      const account = accountFor(sim, accountId);
      if (name && name !== account.business_profile.name) {
        changeAccount(scope, accountId, { business_profile: { ...account.business_profile, name } });
      }
      completeOnboarding(scope, accountId);
    });
  }
  return redirect(token.returnUrl);
}
