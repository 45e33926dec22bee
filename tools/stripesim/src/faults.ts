import { newId } from './ids.ts';

export const faultKinds = [
  'webhook-drop',
  'webhook-delay',
  'webhook-duplicate',
  'webhook-reorder',
  'api-latency',
  'api-error',
  'api-outage',
  'api-answer-lost',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  id: string;
  kind: FaultKind;
  /** How often it still happens; null: until it is deleted. */
  times: number | null;
  /** 0 to 1: how likely it happens to what it matches. */
  probability: number;
  /** Event types of webhook faults, `charge.*`; null: all. */
  type: string | null;
  /** Requests of API faults: `POST`, and a path with `*`; null: all. */
  method: string | null;
  path: string | null;
  account: string | null;
  /** Milliseconds of delays and latency. */
  delay_ms: number;
  /** How many a duplicate is sent, and how many events a reorder holds back and sends in reverse. */
  count: number;
  /** HTTP status of api-error. */
  status: number;
}

export type NewFault = Pick<Fault, 'kind'> & Partial<Omit<Fault, 'id' | 'kind'>>;

export interface Faults {
  add(fault: NewFault): Fault;
  list(): Fault[];
  delete(id: string): boolean;
  clear(): void;
  /** The first fault of one of these kinds that hits; it is used up by being asked for. */
  hit(kinds: readonly FaultKind[], subject: FaultSubject): Fault | undefined;
}

export interface FaultSubject {
  type?: string;
  method?: string;
  path?: string;
  account?: string;
}

const literal = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);

const glob = (pattern: string, value: string): boolean =>
  new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`).test(value);

const matches = (fault: Fault, subject: FaultSubject): boolean =>
  (['type', 'method', 'path', 'account'] as const).every((field) => {
    const wanted = fault[field];
    return wanted === null || (subject[field] !== undefined && glob(wanted, subject[field]));
  });

/** Faults live in memory: a restart heals them. */
export function createFaults(random: () => number = Math.random): Faults {
  let faults: Fault[] = [];
  return {
    add(fault) {
      const added: Fault = {
        times: null,
        probability: 1,
        type: null,
        method: null,
        path: null,
        account: null,
        delay_ms: 1000,
        count: 2,
        status: 500,
        ...fault,
        id: newId('fault'),
      };
      faults.push(added);
      return added;
    },
    list: () => faults,
    delete(id) {
      const before = faults.length;
      faults = faults.filter((fault) => fault.id !== id);
      return faults.length < before;
    },
    clear: () => void (faults = []),
    hit(kinds, subject) {
      const found = faults.find(
        (fault) =>
          kinds.includes(fault.kind) &&
          fault.times !== 0 &&
          matches(fault, subject) &&
          (fault.probability >= 1 || random() < fault.probability),
      );
      if (found && found.times !== null) found.times -= 1;
      return found;
    },
  };
}
