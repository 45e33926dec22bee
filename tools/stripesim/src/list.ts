import { noSuch } from './errors.ts';
import { integer, text } from './params.ts';
import type { StripeObject } from './tables.ts';

export const listParams = {
  limit: integer({ min: 1, max: 100 }),
  starting_after: text(),
  ending_before: text(),
};

export interface ListPage<T extends object = object> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

export const listOf = <T extends object>(data: T[], url: string, hasMore = false): ListPage<T> => ({
  object: 'list',
  data,
  has_more: hasMore,
  url,
});

/** A page of `items`, which come newest first (https://docs.stripe.com/api/pagination). */
export function page(
  items: readonly StripeObject[],
  params: {
    limit?: number | undefined;
    starting_after?: string | undefined;
    ending_before?: string | undefined;
  },
  url: string,
): ListPage {
  const limit = params.limit ?? 10;
  const positionOf = (id: string, param: string): number => {
    const position = items.findIndex((item) => item.id === id);
    if (position < 0) throw noSuch(items[0]?.object ?? 'object', id, param);
    return position;
  };
  if (params.ending_before !== undefined) {
    const end = positionOf(params.ending_before, 'ending_before');
    const start = Math.max(0, end - limit);
    return listOf(items.slice(start, end), url, start > 0);
  }
  const start =
    params.starting_after === undefined ? 0 : positionOf(params.starting_after, 'starting_after') + 1;
  return listOf(items.slice(start, start + limit), url, items.length > start + limit);
}
