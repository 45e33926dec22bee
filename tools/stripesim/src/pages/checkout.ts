import { testCards } from '../cards.ts';
import type { Answer } from '../http.ts';
import { redirect } from '../http.ts';
import { paySession } from '../resources/checkout-pay.ts';
import { planOf } from '../resources/checkout-session.ts';
import type { CheckoutSession, SessionItem } from '../resources/checkout-session.ts';
import type { EnteredCard } from '../resources/payment-method.ts';
import { scopeOf } from '../simulation.ts';
import type { Scope, Simulation } from '../simulation.ts';
import { accountFor } from '../resources/account.ts';
import { html, money, pageAnswer } from './html.ts';
import type { Html } from './html.ts';

/** What is done about a form that cannot be paid with: it is shown again. */
interface Entered {
  email: string;
  name: string;
  problem: string | null;
}

const everyInterval = ({ price }: SessionItem): string => {
  if (!price.recurring) return '';
  const { interval, interval_count: count } = price.recurring;
  return count === 1 ? ` per ${interval}` : ` every ${count} ${interval}s`;
};

const substitute = (url: string, id: string): string => url.replaceAll('{CHECKOUT_SESSION_ID}', id);

function openSession(sim: Simulation, id: string): { scope: Scope; session: CheckoutSession } | undefined {
  const session = sim.tables.session.get(id);
  const account = sim.tables.session.accountOf(id);
  return session && account !== undefined ? { scope: scopeOf(sim, account), session } : undefined;
}

const message = (status: number, title: string, text: string): Answer =>
  pageAnswer(
    title,
    html`<section>
      <h1>${title}</h1>
      <p>${text}</p>
    </section>`,
    { status },
  );

function closedAnswer(session: CheckoutSession): Answer | undefined {
  if (session.status === 'complete') {
    return message(200, 'Already paid', 'This checkout has been completed. There is nothing left to pay.');
  }
  if (session.status === 'expired') {
    return message(
      410,
      'Checkout expired',
      'This checkout has expired. Go back to the shop and begin again.',
    );
  }
  return undefined;
}

export function showCheckout(sim: Simulation, id: string): Answer {
  const found = openSession(sim, id);
  if (!found)
    return message(404, 'No such checkout', 'The address is not complete, or the checkout never existed.');
  return closedAnswer(found.session) ?? checkoutPage(found.scope, found.session, undefined);
}

/** The same form for people and scripts: see the README for its fields. */
export function submitCheckout(sim: Simulation, id: string, form: URLSearchParams): Answer {
  const found = openSession(sim, id);
  if (!found)
    return message(404, 'No such checkout', 'The address is not complete, or the checkout never existed.');
  const { scope, session } = found;
  const closed = closedAnswer(session);
  if (closed) return closed;
  const action = form.get('action');
  if (action === 'cancel' && session.cancel_url !== null) return redirect(substitute(session.cancel_url, id));
  const entered: Entered = {
    email: form.get('email')?.trim() ?? '',
    name: form.get('name')?.trim() ?? '',
    problem: null,
  };
  const again = (problem: string, status: number): Answer =>
    checkoutPage(scope, session, { ...entered, problem }, status);
  if (action !== 'pay') return again('The form must say action=pay or action=cancel.', 400);
  const email = emailOf(scope, session) ?? entered.email;
  if (!/^\S+@\S+$/.test(email)) return again('Enter an e-mail address.', 422);
  const debit = form.get('payment_method') === 'sepa_debit';
  if (debit && !session.payment_method_types.includes('sepa_debit')) {
    return again('This checkout does not take direct debits.', 422);
  }
  const card = debit ? null : readCard(form, sim.clock.now());
  if (typeof card === 'string') return again(card, 422);
  const outcome = sim.store.transaction(() =>
    paySession(scope, session, { email, name: entered.name || null, card }),
  );
  if (!outcome.paid) {
    const current = sim.tables.session.get(id) ?? session;
    return checkoutPage(scope, current, { ...entered, problem: outcome.message }, 402);
  }
  return redirect(substitute(session.success_url, id));
}

/** The address of a known customer is not asked for again. */
const emailOf = ({ sim }: Scope, session: CheckoutSession): string | null =>
  session.customer_email ??
  (session.customer === null ? null : (sim.tables.customer.get(session.customer)?.email ?? null));

function readCard(form: URLSearchParams, now: number): EnteredCard | string {
  const number = (form.get('card_number') ?? '').replaceAll(/[\s-]/g, '');
  if (!testCards[number]) return 'Your card number is incorrect. Use one of the test cards below.';
  const expiry = /^\s*(\d{1,2})\s*\/\s*(\d{2}|\d{4})\s*$/.exec(form.get('card_expiry') ?? '');
  const month = Number(expiry?.[1]);
  const year = Number(expiry?.[2]) + (expiry?.[2]?.length === 2 ? 2000 : 0);
  if (!(month >= 1 && month <= 12)) return 'Enter the expiry date as MM/YY.';
  if (Date.UTC(year, month) / 1000 <= now) return "Your card's expiration date is in the past.";
  if (!/^\d{3,4}$/.test(form.get('card_cvc')?.trim() ?? '')) return 'Enter the security code.';
  return { number, expMonth: month, expYear: year };
}

function itemRows(items: SessionItem[]): Html[] {
  return items.map(
    (item) =>
      html`<tr>
        <th scope="row">
          ${item.description}${item.quantity > 1 && ` × ${item.quantity}`}<br /><small
            >${money(item.price.unit_amount, item.currency)}${everyInterval(item)}</small
          >
        </th>
        <td class="amount">${money(item.amount_total, item.currency)}</td>
      </tr>`,
  );
}

const cardHints: [string, string][] = [
  ['4242 4242 4242 4242', 'succeeds'],
  ['4000 0000 0000 0002', 'is declined'],
  ['4000 0000 0000 9995', 'has insufficient funds'],
  ['4000 0000 0000 0341', 'is accepted, and declined whenever it is charged'],
];

function checkoutPage(
  scope: Scope,
  session: CheckoutSession,
  entered: Entered | undefined,
  status = 200,
): Answer {
  const plan = planOf(scope, session.id);
  const seller = accountFor(scope.sim, scope.account).business_profile.name ?? 'the seller';
  const total = money(session.amount_total, session.currency);
  const known = emailOf(scope, session);
  const held = plan.captureMethod === 'manual' && session.mode === 'payment';
  const debit = session.payment_method_types.includes('sepa_debit');
  const body = html` <section aria-labelledby="order">
      <h1 id="order">Pay ${seller}</h1>
      <p class="total">${total}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">Item</th>
            <th scope="col" class="amount">Amount</th>
          </tr>
        </thead>
        <tbody>
          ${itemRows(plan.lineItems)}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total due today</th>
            <td class="amount">${total}</td>
          </tr>
        </tfoot>
      </table>
      ${plan.trialDays > 0 && html`<p class="soft">Free for ${plan.trialDays} days, then charged as above.</p>`}
      ${held && html`<p class="soft">The amount is held on your card and taken only when your order has been delivered.</p>`}
    </section>
    <section aria-labelledby="payment">
      <h2 id="payment">Payment</h2>
      ${entered?.problem && html`<p class="alarm" role="alert">${entered.problem}</p>`}
      <form method="post" action="/c/pay/${session.id}" novalidate>
        ${known === null ? html`<label>E-mail<input name="email" type="email" autocomplete="email" required value="${entered?.email ?? ''}" /></label>` : html`<p>Paying as <strong>${known}</strong></p>`}
        ${
          debit &&
          html`<fieldset>
            <legend>Method</legend>
            <label class="choice"
              ><input type="radio" name="payment_method" value="card" checked /> Card</label
            >
            <label class="choice"
              ><input type="radio" name="payment_method" value="sepa_debit" /> SEPA direct debit, settles
              later</label
            >
          </fieldset>`
        }
        <label
          >Card number<input
            name="card_number"
            inputmode="numeric"
            autocomplete="cc-number"
            required
            placeholder="4242 4242 4242 4242"
            aria-describedby="cards"
        /></label>
        <div class="pair">
          <label
            >Expiry<input
              name="card_expiry"
              inputmode="numeric"
              autocomplete="cc-exp"
              required
              placeholder="MM/YY"
              value="12/34"
          /></label>
          <label
            >Security code<input
              name="card_cvc"
              inputmode="numeric"
              autocomplete="cc-csc"
              required
              value="123"
          /></label>
        </div>
        <label>Name on card<input name="name" autocomplete="cc-name" value="${entered?.name ?? ''}" /></label>
        <button type="submit" name="action" value="pay">
          ${session.amount_total === 0 ? 'Start' : held ? `Hold ${total}` : `Pay ${total}`}
        </button>
        ${session.cancel_url !== null && html`<button type="submit" name="action" value="cancel" class="quiet">Cancel and go back</button>`}
      </form>
      <div id="cards">
        <h2>Test cards</h2>
        <ul>
          ${cardHints.map(([number, what]) => html`<li><code>${number}</code> ${what}</li>`)}
        </ul>
      </div>
    </section>`;
  return pageAnswer(`Pay ${total} to ${seller}`, body, {
    status,
    leadsTo: [session.success_url, session.cancel_url],
  });
}
