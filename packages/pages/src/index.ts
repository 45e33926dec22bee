import { DomainError } from '@cnap/errors';
import { sql, type Expression, type SqlBool } from 'kysely';

/** The paging fields of every List request. */
export type PageRequest = { pageSize: number; pageToken: string };

/** Where a page begins: the position of the last row of the page before. */
export type Position = { time: Date; id: string };

/** A page that was asked for: how many rows, and after which position. */
export type PageQuery = { limit: number; after: Position | undefined };

const defaultSize = 50;
const maxSize = 100;

/**
 * Reads the paging fields of a request (AIP-158): 50 rows when unset, at most 100.
 * @throws DomainError invalid-argument PAGE_TOKEN_INVALID
 */
export function pageQuery(request: PageRequest): PageQuery {
  return {
    limit: request.pageSize === 0 ? defaultSize : Math.min(Math.max(request.pageSize, 1), maxSize),
    after: request.pageToken === '' ? undefined : decodePosition(request.pageToken),
  };
}

/**
 * Cuts a result of up to `limit + 1` rows to a page and makes the token of the next one.
 * @param positionOf the columns that the query is ordered by
 */
export function toPage<Row>(
  rows: readonly Row[],
  { limit }: PageQuery,
  positionOf: (row: Row) => Position,
): { rows: Row[]; nextPageToken: string } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextPageToken: rows.length > limit && last ? encodePosition(positionOf(last)) : '' };
}

/**
 * The condition for rows beyond a position, for queries ordered by (time, id). Without a position: all rows.
 * The time column is a `timestamptz(3)`: a token carries milliseconds, and the comparison must be able to use an index.
 */
export function beyond(
  after: Position | undefined,
  order: 'newest first' | 'oldest first',
  columns: { time: string; id: string } = { time: 'created_at', id: 'id' },
): Expression<SqlBool> {
  if (!after) return sql<SqlBool>`true`;
  const row = sql`(${sql.ref(columns.time)}, ${sql.ref(columns.id)})`;
  const position = sql`(${after.time}::timestamptz, ${after.id}::text)`;
  return order === 'newest first' ? sql<SqlBool>`${row} < ${position}` : sql<SqlBool>`${row} > ${position}`;
}

function encodePosition({ time, id }: Position): string {
  return Buffer.from(JSON.stringify([time.toISOString(), id])).toString('base64url');
}

function decodePosition(token: string): Position {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (!Array.isArray(parsed) || parsed.length !== 2) throw new Error('not a position');
    const [time, id] = parsed as [unknown, unknown];
    const date = new Date(String(time));
    if (typeof id !== 'string' || id.includes('\u0000') || Number.isNaN(date.getTime()))
      throw new Error('not a position');
    return { time: date, id };
  } catch (cause) {
    throw pageTokenInvalid(cause);
  }
}

/** What is said of a token that comes from nowhere. */
export function pageTokenInvalid(cause?: unknown): DomainError {
  const description = 'is not one that this list gave out';
  return new DomainError('invalid-argument', 'PAGE_TOKEN_INVALID', `page_token: ${description}`, {
    cause,
    fields: [{ field: 'page_token', description }],
    suggestion: 'Leave it out to start from the first page.',
  });
}
