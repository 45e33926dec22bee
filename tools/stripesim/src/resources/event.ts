import { noSuch } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { list, range, text } from '../params.ts';
import { route } from '../route.ts';
import { apiVersion, isConnected } from '../simulation.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';

export interface Event extends StripeObject {
  object: 'event';
  type: string;
  created: number;
  account?: string;
  data: { object: StripeObject; previous_attributes?: Record<string, unknown> };
}

/** Records what happened and queues its webhooks; both are kept with the change itself, or not at all. */
export function emit(scope: Scope, type: string, object: StripeObject, before?: StripeObject): Event {
  const { sim, account } = scope;
  const event: Event = {
    id: newId('evt'),
    object: 'event',
    ...(isConnected(scope) && { account }),
    api_version: apiVersion,
    created: sim.clock.now(),
    data: { object, ...(before && { previous_attributes: previousAttributes(before, object) }) },
    livemode: false,
    pending_webhooks: sim.settings.webhooks.length,
    request: { id: scope.requestId, idempotency_key: scope.idempotencyKey },
    type,
  };
  sim.tables.event.put(account, event);
  sim.webhooks.enqueue(event);
  return event;
}

function previousAttributes(before: StripeObject, after: StripeObject): Record<string, unknown> {
  const changed = Object.keys(after).filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]),
  );
  return Object.fromEntries(changed.map((field) => [field, before[field] ?? null]));
}

const typeMatches = (pattern: string, type: string): boolean =>
  pattern === type || (pattern.endsWith('*') && type.startsWith(pattern.slice(0, -1)));

export const eventRoutes = [
  route(
    'GET',
    '/v1/events',
    { ...listParams, type: text(), types: list(text()), created: range },
    ({ sim, account }, params) => {
      const wanted = params.types ?? (params.type === undefined ? undefined : [params.type]);
      const found = sim.tables.event
        .list(account)
        .filter((event) => !wanted || wanted.some((pattern) => typeMatches(pattern, event.type)))
        .filter((event) => params.created?.(event.created) ?? true);
      return page(found, params, '/v1/events');
    },
  ),
  route('GET', '/v1/events/:id', {}, ({ sim, account }, _params, { id }) => {
    const event = sim.tables.event.accountOf(id) === account ? sim.tables.event.get(id) : undefined;
    if (!event) throw noSuch('event', id);
    return event;
  }),
];
