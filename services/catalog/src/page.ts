import { beyond, type PageQuery, toPage } from '@cnap/pages';

/** Every list here is newest first, by when a row was made and then by its id. */
export const isAfter = (page: PageQuery) =>
  beyond(page.after, 'newest first', { time: 'create_time', id: 'id' });

/** Splits what was read, one row more than the page holds, into the page and the token of the next one. */
export const pageFrom = <Row extends { create_time: Date; id: string }>(rows: Row[], page: PageQuery) =>
  toPage(rows, page, (row) => ({ time: row.create_time, id: row.id }));
