import { invalidRequest } from './errors.ts';
import { listOf } from './list.ts';
import type { Scope } from './simulation.ts';
import { platformAccount } from './simulation.ts';
import { tableByPrefix } from './tables.ts';

type Plain = Record<string, unknown>;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields that are only there when asked for, by object type. */
const included: Record<string, Record<string, (scope: Scope, object: Plain) => unknown>> = {
  'checkout.session': {
    line_items: ({ sim }, session) =>
      listOf(
        sim.tables.sessionPlan.get(String(session.id))?.lineItems ?? [],
        `/v1/checkout/sessions/${String(session.id)}/line_items`,
      ),
  },
  invoice: {
    payments: ({ sim, account }, invoice) =>
      listOf(
        sim.tables.invoicePayment.list(account).filter((payment) => payment.invoice === invoice.id),
        `/v1/invoice_payments?invoice=${String(invoice.id)}`,
      ),
  },
  charge: {
    refunds: ({ sim, account }, charge) =>
      listOf(
        sim.tables.refund.list(account).filter((refund) => refund.charge === charge.id),
        `/v1/charges/${String(charge.id)}/refunds`,
      ),
  },
  customer: {
    subscriptions: ({ sim, account }, customer) =>
      listOf(
        sim.tables.subscription
          .list(account)
          .filter(
            (subscription) => subscription.customer === customer.id && subscription.status !== 'canceled',
          ),
        `/v1/customers/${String(customer.id)}/subscriptions`,
      ),
  },
};

/** A copy of `root` with the paths of `expand[]` replaced by the objects they name. */
export function expand(scope: Scope, root: object, paths: readonly string[]): object {
  if (paths.length === 0) return root;
  if (paths.length > 20) throw invalidRequest('You can expand at most 20 fields', 'expand');
  const copy = structuredClone(root) as Plain;
  for (const path of paths) {
    const segments = path.split('.');
    if (segments.length > 4) {
      throw invalidRequest(`You cannot expand more than 4 levels of a property. Property: ${path}`, 'expand');
    }
    if (copy.object === 'list' || copy.object === 'search_result') {
      if (segments[0] !== 'data') throw cannotExpand(path);
    }
    expandAt(scope, copy, segments, path);
  }
  return copy;
}

function expandAt(scope: Scope, at: unknown, segments: readonly string[], path: string): void {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (Array.isArray(at)) {
    for (const item of at) expandAt(scope, item, segments, path);
    return;
  }
  if (!isPlain(at)) throw cannotExpand(path);
  let value = at[segment];
  if (value === undefined) {
    const include = included[String(at.object)]?.[segment];
    if (!include) throw cannotExpand(path);
    value = at[segment] = structuredClone(include(scope, at));
  } else if (typeof value === 'string') {
    const found = segment === 'id' ? undefined : find(scope, value);
    if (!found) throw cannotExpand(path);
    value = at[segment] = structuredClone(found);
  } else if (rest.length === 0 && !isPlain(value) && value !== null) {
    throw cannotExpand(path);
  }
  if (value !== null) expandAt(scope, value, rest, path);
}

function find(scope: Scope, id: string): object | undefined {
  const prefix = id.slice(0, id.indexOf('_'));
  if (!Object.hasOwn(tableByPrefix, prefix)) return undefined;
  const table = scope.sim.tables[tableByPrefix[prefix as keyof typeof tableByPrefix]];
  const owner = table.accountOf(id);
  return owner === scope.account || owner === platformAccount ? table.get(id) : undefined;
}

const cannotExpand = (path: string): Error =>
  invalidRequest(`This property cannot be expanded (${path}).`, 'expand', 'property_cannot_be_expanded');
