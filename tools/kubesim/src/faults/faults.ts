import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { StatusError } from '../objects/status-error.ts';
import { checkPattern } from './pod-behaviour.ts';

export interface Fault {
  id: string;
  /**
   * latency: waits `ms` first · error: answers `status` (500) · throttle: 429 with Retry-After ·
   * outage: closes the connection · black-hole: accepts and never answers
   */
  kind: 'latency' | 'error' | 'throttle' | 'outage' | 'black-hole';
  /** regular expression over `METHOD /path`; absent: every request */
  match?: string;
  /** 0 to 1, 1 by default: the share of requests it meets */
  rate?: number;
  ms?: number;
  status?: number;
  message?: string;
  retryAfterSeconds?: number;
  /** gone after this many requests */
  times?: number;
}

export interface Faults {
  add(fault: Omit<Fault, 'id'>): Fault;
  remove(id: string): boolean;
  clear(): void;
  list(): Fault[];
  /** `false` when the request has been dealt with; throws the error to answer */
  pass(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

export function createFaults(random: () => number = Math.random): Faults {
  let faults: Fault[] = [];
  let made = 0;
  return {
    add(fault) {
      if (fault.match !== undefined) checkPattern(fault.match);
      made += 1;
      const added: Fault = { ...fault, id: `fault-${made}` };
      faults.push(added);
      return added;
    },
    remove(id) {
      const before = faults.length;
      faults = faults.filter((fault) => fault.id !== id);
      return faults.length < before;
    },
    clear: () => void (faults = []),
    list: () => faults,
    async pass(request, response) {
      const line = `${request.method} ${request.url}`;
      for (const fault of faults.filter(({ match }) => match === undefined || new RegExp(match).test(line))) {
        if (random() >= (fault.rate ?? 1)) continue;
        if (fault.times !== undefined && (fault.times -= 1) <= 0)
          faults = faults.filter((other) => other !== fault);
        if (fault.kind === 'latency') {
          await pause(fault.ms ?? 1_000);
          continue;
        }
        if (fault.kind === 'black-hole') return false;
        if (fault.kind === 'outage') {
          response.destroy();
          return false;
        }
        throw errorOf(fault);
      }
      return true;
    },
  };
}

function errorOf(fault: Fault): StatusError {
  if (fault.kind === 'throttle') {
    return new StatusError(
      429,
      'TooManyRequests',
      fault.message ?? 'too many requests, please try again later',
      {
        retryAfterSeconds: fault.retryAfterSeconds ?? 1,
      },
    );
  }
  const code = fault.status ?? 500;
  const reason = code === 503 ? 'ServiceUnavailable' : code === 504 ? 'Timeout' : 'InternalError';
  return new StatusError(
    code,
    reason,
    fault.message ?? `Internal error occurred: a fault of kubesim (${fault.id})`,
    {},
  );
}
