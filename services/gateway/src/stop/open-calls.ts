import type { DomainError } from '@cnap/errors';
import type { HttpResponse } from '@cnap/rpc';

/** Ends a call with an error, in the words of its protocol. */
type End = (error: DomainError) => void;

/** The calls that are under way, so that they end well when the gateway stops. */
export type OpenCalls = {
  /** Keeps a call until it is answered. A stream is ended before the others, which may finish by themselves. */
  keep(response: HttpResponse, kind: 'stream' | 'unary', end: End): void;
  end(which: 'streams' | 'all', error: DomainError): void;
};

export function createOpenCalls(): OpenCalls {
  const streams = new Set<End>();
  const others = new Set<End>();
  return {
    keep(response, kind, end) {
      const kept = kind === 'stream' ? streams : others;
      kept.add(end);
      response.once('close', () => kept.delete(end));
    },
    end(which, error) {
      for (const end of which === 'all' ? [...streams, ...others] : [...streams]) end(error);
    },
  };
}
