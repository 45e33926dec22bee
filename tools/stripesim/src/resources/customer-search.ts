import { invalidRequest } from '../errors.ts';
import { integer, required, text } from '../params.ts';
import { route } from '../route.ts';
import type { Customer } from './customer.ts';

interface Clause {
  field: string;
  key: string | undefined;
  operator: ':' | '~' | '<' | '>' | '<=' | '>=';
  value: string | null;
  negated: boolean;
}

const clausePattern =
  /^(?<negated>-)?(?<field>[a-z_]+)(?:\[(?:"(?<key>(?:[^"\\]|\\.)*)"|'(?<key1>(?:[^'\\]|\\.)*)')\])?(?<operator>:|~|<=|>=|<|>)(?:"(?<text>(?:[^"\\]|\\.)*)"|'(?<text1>(?:[^'\\]|\\.)*)'|(?<bare>null|-?\d+))/;
const textFields = ['email', 'name', 'phone'];

/** Reads the query language of https://docs.stripe.com/search#search-query-language. */
export function parseSearch(query: string): { clauses: Clause[]; any: boolean } {
  const clauses: Clause[] = [];
  const joints = new Set<string>();
  let rest = query.trim();
  for (;;) {
    const groups = clausePattern.exec(rest)?.groups;
    if (!groups) throw searchError(query);
    const raw = groups.text ?? groups.text1;
    clauses.push({
      field: groups.field ?? '',
      key: (groups.key ?? groups.key1)?.replaceAll(/\\(.)/g, '$1'),
      operator: (groups.operator ?? ':') as Clause['operator'],
      value: raw?.replaceAll(/\\(.)/g, '$1') ?? (groups.bare === 'null' ? null : (groups.bare ?? '')),
      negated: groups.negated !== undefined,
    });
    rest = rest.replace(clausePattern, '');
    if (rest === '') break;
    const joint = /^\s+(?:(AND|OR)\s+)?/i.exec(rest);
    if (!joint) throw searchError(query);
    joints.add((joint[1] ?? 'AND').toUpperCase());
    rest = rest.slice(joint[0].length);
  }
  if (joints.size > 1) throw invalidRequest('You cannot combine AND and OR in one search query.', 'query');
  for (const clause of clauses) checkClause(clause, query);
  return { clauses, any: joints.has('OR') };
}

function checkClause(clause: Clause, query: string): void {
  const comparing = ['<', '>', '<=', '>='].includes(clause.operator);
  const known =
    (clause.field === 'metadata' && clause.key !== undefined && !comparing) ||
    (textFields.includes(clause.field) && clause.key === undefined && !comparing) ||
    (clause.field === 'created' && clause.key === undefined && clause.operator !== '~');
  if (!known) throw searchError(query, `Field \`${clause.field}\` is not searchable that way.`);
  if (clause.operator === '~' && (clause.value ?? '').length < 3) {
    throw searchError(query, 'Substring searches need at least 3 characters.');
  }
}

const searchError = (query: string, why = 'We were unable to parse your search query.'): Error =>
  invalidRequest(`${why} Query: ${query}`, 'query');

function matches(customer: Customer, clause: Clause): boolean {
  if (clause.field === 'created') {
    const wanted = Number(clause.value);
    const compared = {
      ':': customer.created === wanted,
      '~': false,
      '<': customer.created < wanted,
      '>': customer.created > wanted,
      '<=': customer.created <= wanted,
      '>=': customer.created >= wanted,
    }[clause.operator];
    return compared !== clause.negated;
  }
  const actual =
    clause.key === undefined ? (customer[clause.field] as string | null) : customer.metadata[clause.key];
  const hit =
    clause.value === null
      ? actual === undefined || actual === null
      : clause.operator === '~'
        ? (actual ?? '').toLowerCase().includes(clause.value.toLowerCase())
        : (actual ?? '').toLowerCase() === clause.value.toLowerCase();
  return hit !== clause.negated;
}

export const searchCustomers = route(
  'GET',
  '/v1/customers/search',
  { query: required(text()), limit: integer({ min: 1, max: 100 }), page: text() },
  ({ sim, account }, params) => {
    const { clauses, any } = parseSearch(params.query);
    const lag = sim.settings.searchLagSeconds;
    const found = sim.tables.customer
      .list(account)
      .filter((customer) => lag === 0 || customer.created <= sim.clock.now() - lag)
      .filter((customer) =>
        any
          ? clauses.some((clause) => matches(customer, clause))
          : clauses.every((clause) => matches(customer, clause)),
      );
    const start = params.page === undefined ? 0 : Number(Buffer.from(params.page, 'base64url').toString());
    if (!Number.isInteger(start) || start < 0) throw invalidRequest('Invalid page', 'page');
    const end = start + (params.limit ?? 10);
    const more = found.length > end;
    return {
      object: 'search_result',
      data: found.slice(start, end),
      has_more: more,
      next_page: more ? Buffer.from(String(end)).toString('base64url') : null,
      url: '/v1/customers/search',
    };
  },
);
