import { testCards } from '../cards.ts';
import type { Answer } from '../http.ts';
import { redirect } from '../http.ts';
import { attach, billingDetails, createCard, makeDefault } from '../resources/payment-method.ts';
import { setSubscription } from '../resources/subscription-state.ts';
import { scheduleSubscription } from '../resources/subscription-cycle.ts';
import type { Subscription } from '../resources/subscription.ts';
import { scopeOf } from '../simulation.ts';
import type { Scope, Simulation } from '../simulation.ts';
import type { PageToken } from '../tables.ts';
import { html, money, pageAnswer } from './html.ts';
import type { Html } from './html.ts';

interface Opened {
  scope: Scope;
  token: PageToken;
}

function open(sim: Simulation, id: string): Opened | Answer {
  const token = sim.tables.pageToken.get(id);
  const account = sim.tables.pageToken.accountOf(id);
  if (token?.kind === 'portal' && account !== undefined && token.expiresAt > sim.clock.now()) {
    return { scope: scopeOf(sim, account), token };
  }
  return pageAnswer(
    'Link expired',
    html`<section>
      <h1>Link expired</h1>
      <p>Open the portal again from the shop.</p>
    </section>`,
    { status: 410 },
  );
}

const subscriptionsOf = ({ sim, account }: Scope, customer: string): Subscription[] =>
  sim.tables.subscription.list(account).filter((item) => item.customer === customer);

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

export function showPortal(sim: Simulation, id: string): Answer {
  const opened = open(sim, id);
  return 'status' in opened ? opened : portalPage(opened, null);
}

export function submitPortal(sim: Simulation, id: string, form: URLSearchParams): Answer {
  const opened = open(sim, id);
  if ('status' in opened) return opened;
  const { scope, token } = opened;
  const action = form.get('action');
  if (action === 'return' && token.returnUrl !== null) return redirect(token.returnUrl);
  const problem = sim.store.transaction(() =>
    action === 'card'
      ? changeCard(scope, token.ref, (form.get('card_number') ?? '').replaceAll(/[\s-]/g, ''))
      : changeEnd(scope, token.ref, form.get('subscription') ?? '', action),
  );
  return problem === null ? redirect(`/p/session/${id}`) : portalPage(opened, problem, 422);
}

function changeCard(scope: Scope, customer: string, number: string): string | null {
  if (!testCards[number]) return 'Your card number is incorrect. Use a test card.';
  const known = scope.sim.tables.customer.get(customer);
  const card = { number, expMonth: 12, expYear: 2034 };
  const method = createCard(scope, card, billingDetails(known?.email ?? null, known?.name ?? null));
  attach(scope, method.id, customer);
  makeDefault(scope, method.id, customer);
  for (const subscription of subscriptionsOf(scope, customer)) {
    if (subscription.status !== 'canceled') {
      setSubscription(scope, subscription.id, { default_payment_method: method.id });
    }
  }
  return null;
}

function changeEnd(scope: Scope, customer: string, id: string, action: string | null): string | null {
  const subscription = subscriptionsOf(scope, customer).find((item) => item.id === id);
  if (!subscription || subscription.status === 'canceled') return 'There is no such subscription.';
  if (action !== 'cancel' && action !== 'resume') return 'The form must say what to do.';
  const ending = action === 'cancel';
  const changed = setSubscription(scope, id, {
    cancel_at_period_end: ending,
    cancel_at: ending ? (subscription.items.data[0]?.current_period_end ?? null) : null,
    canceled_at: ending ? scope.sim.clock.now() : null,
  });
  scheduleSubscription(scope, changed);
  return null;
}

function subscriptionRow(scope: Scope, subscription: Subscription, action: string): Html {
  const { sim } = scope;
  const names = subscription.items.data.map(
    ({ price, quantity }) => `${sim.tables.product.get(price.product)?.name ?? price.id} × ${quantity}`,
  );
  const end = subscription.items.data[0]?.current_period_end ?? subscription.created;
  const over = subscription.status === 'canceled';
  return html`<tr>
    <th scope="row">
      ${names.join(', ')}<br /><small
        >${subscription.status}${!over && `, ${subscription.cancel_at_period_end ? 'ends' : 'renews'} ${day(end)}`}</small
      >
    </th>
    <td>
      ${!over && html`<form method="post" action="${action}"><input type="hidden" name="subscription" value="${subscription.id}" /><button type="submit" class="quiet" name="action" value="${subscription.cancel_at_period_end ? 'resume' : 'cancel'}">${subscription.cancel_at_period_end ? 'Do not cancel' : 'Cancel'}</button></form>`}
    </td>
  </tr>`;
}

function portalPage({ scope, token }: Opened, problem: string | null, status = 200): Answer {
  const { sim, account } = scope;
  const action = `/p/session/${token.id}`;
  const invoices = sim.tables.invoice.list(account).filter((item) => item.customer === token.ref);
  const body = html` <section aria-labelledby="subscriptions">
      <h1 id="subscriptions">Subscriptions</h1>
      ${problem !== null && html`<p class="alarm" role="alert">${problem}</p>`}
      <table>
        <tbody>
          ${subscriptionsOf(scope, token.ref).map((item) => subscriptionRow(scope, item, action))}
        </tbody>
      </table>
      <form method="post" action="${action}">
        <label
          >New card number<input
            name="card_number"
            inputmode="numeric"
            autocomplete="cc-number"
            placeholder="4242 4242 4242 4242"
        /></label>
        <button type="submit" name="action" value="card">Change card</button>
        ${token.returnUrl !== null && html`<button type="submit" name="action" value="return" class="quiet">Go back</button>`}
      </form>
    </section>
    <section aria-labelledby="invoices">
      <h2 id="invoices">Invoices</h2>
      <table>
        <tbody>
          ${invoices.map(
            (item) =>
              html`<tr>
                <th scope="row">${item.number}<br /><small>${day(item.created)}, ${item.status}</small></th>
                <td class="amount">${money(item.amount_due, item.currency)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </section>`;
  return pageAnswer('Your subscriptions', body, { status, leadsTo: [token.returnUrl] });
}
