import type { Parsed, Shape } from './params.ts';
import type { Scope } from './simulation.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** `/v1/prices/:id` */
  readonly path: string;
  readonly params: Shape;
  run(scope: Scope, params: unknown, ids: PathIds): object;
}

/** Ids in the path, by the name in the route. */
export interface PathIds {
  id: string;
  [name: string]: string;
}

/** One request that stripesim knows; parameters that `params` does not name are refused. */
export const route = <S extends Shape>(
  method: Method,
  path: string,
  params: S,
  run: (scope: Scope, params: Parsed<S>, ids: PathIds) => object,
): Route => ({ method, path, params, run: (scope, parsed, ids) => run(scope, parsed as Parsed<S>, ids) });
