import type { Clock } from './clock.ts';
import type { Store } from './store.ts';

export type AgendaKind =
  | 'session-expires'
  | 'hold-expires'
  | 'trial-ending'
  | 'period-ends'
  | 'invoice-retry';

interface Appointment {
  id: string;
  kind: AgendaKind;
  ref: string;
  at: number;
}

export type AgendaHandlers = Record<AgendaKind, (account: string, ref: string) => void>;

/** What happens at a moment of the simulated time; kept with everything else, so it survives a restart. */
export interface Agenda {
  set(account: string, kind: AgendaKind, ref: string, at: number): void;
  cancel(kind: AgendaKind, ref: string): void;
  /** Moves the clock, doing what is due on the way in order, each at its own time. Returns how many. */
  advance(to: number): number;
  /** Does what has become due by itself. */
  runDue(): number;
}

export function createAgenda(store: Store, clock: Clock, handlers: AgendaHandlers): Agenda {
  const table = store.table<Appointment>('agenda');
  const idOf = (kind: AgendaKind, ref: string): string => `${kind} ${ref}`;

  const earliest = (until: number): { account: string; value: Appointment } | undefined => {
    let found: { account: string; value: Appointment } | undefined;
    for (const row of table.rows()) {
      if (row.value.at <= until && (!found || row.value.at < found.value.at)) found = row;
    }
    return found;
  };
  const runUntil = (until: number): number => {
    let count = 0;
    for (let next = earliest(until); next; next = earliest(until)) {
      const { account, value } = next;
      store.transaction(() => {
        table.delete(value.id);
        clock.at(value.at, () => handlers[value.kind](account, value.ref));
      });
      count += 1;
    }
    return count;
  };

  return {
    set: (account, kind, ref, at) => void table.put(account, { id: idOf(kind, ref), kind, ref, at }),
    cancel(kind, ref) {
      if (table.get(idOf(kind, ref))) table.delete(idOf(kind, ref));
    },
    advance(to) {
      const count = runUntil(to);
      clock.moveTo(to);
      return count;
    },
    runDue: () => runUntil(clock.now()),
  };
}
