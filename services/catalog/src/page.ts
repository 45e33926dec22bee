import { invalidField } from '@cnap/errors';
import { type ExpressionBuilder, type ExpressionWrapper, sql, type SqlBool } from 'kysely';

/** Where a page begins: after this row, in a list that is newest first. */
export type Position = { createTime: Date; id: string };
export type Page = { size: number; after: Position | undefined };

const defaultSize = 50;
const maxSize = 100;

/** @throws DomainError invalid-argument PAGE_TOKEN_INVALID */
export function pageOf(request: { pageSize: number; pageToken: string }): Page {
  const size = request.pageSize === 0 ? defaultSize : Math.min(request.pageSize, maxSize);
  return { size, after: request.pageToken === '' ? undefined : readToken(request.pageToken) };
}

/** Splits what was read with {@link pageLimit} into the page and the token of the next one. */
export function pageFrom<T extends { create_time: Date; id: string }>(
  rows: T[],
  { size }: Page,
): { rows: T[]; nextPageToken: string } {
  const last = rows[size - 1];
  return rows.length > size && last !== undefined
    ? { rows: rows.slice(0, size), nextPageToken: tokenOf(last) }
    : { rows, nextPageToken: '' };
}

/** One more than the page holds, so that the last page is known to be the last. */
export const pageLimit = (page: Page): number => page.size + 1;

/** The rows after the page's position, for `order by create_time desc, id desc`. */
export function isAfter<DB, TB extends keyof DB>(
  page: Page,
): (eb: ExpressionBuilder<DB, TB>) => ExpressionWrapper<DB, TB, SqlBool> {
  return (eb) =>
    eb.and(
      page.after === undefined
        ? []
        : [sql<SqlBool>`(create_time, id) < (${page.after.createTime}, ${page.after.id})`],
    );
}

const tokenOf = (row: { create_time: Date; id: string }): string =>
  Buffer.from(JSON.stringify([row.create_time.getTime(), row.id])).toString('base64url');

function readToken(token: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(value) && value.length === 2) {
      const [time, id] = value as unknown[];
      const latest = 8.64e15; // the last moment a Date can be
      if (
        typeof time === 'number' &&
        Math.abs(time) <= latest / 100 &&
        typeof id === 'string' &&
        /^\w{1,64}$/.test(id)
      ) {
        return { createTime: new Date(time), id };
      }
    }
  } catch {
    // not one of ours
  }
  throw invalidField('page_token', 'is not one that this list gave out', 'PAGE_TOKEN_INVALID');
}
