import { newId, shortId } from '@cnap/ids';
import type { Client } from 'pg';

/** A row as text, the old names in it exchanged for the new ones, is a row again: whatever columns there are. */
const copied = (table: string, condition: string): string => `
  insert into ${table} overriding system value
  select (jsonb_populate_record(null::${table}, replace(replace(replace(replace(to_jsonb(original)::text,
    $1, copies.id), $2, copies.short), $3, copies.release), $4, copies.order_id)::jsonb)).*
  from ${table} as original,
    unnest($5::text[], $6::text[], $7::text[], $8::text[]) as copies (id, short, release, order_id)
  where original.${condition} = $1`;

/**
 * Copies an install that rests in the installer's tables, with its release and its inventory. What is sealed for the
 * original cannot be opened for the copies; nothing asks for it while they rest.
 * @returns the copies' ids
 */
export async function copyRows(database: Client, id: string, count: number): Promise<string[]> {
  const { rows } = await database.query<{ release_id: string; order_id: string }>(
    'select release_id, order_id from installs where id = $1',
    [id],
  );
  const [original] = rows;
  if (!original) throw new Error(`there is no install ${id}`);
  const ids = Array.from({ length: count }, () => newId('ins'));
  const values = [
    id,
    shortId(id),
    original.release_id,
    original.order_id,
    ids,
    ids.map(shortId),
    ids.map(() => newId('rel')),
    ids.map(() => newId('ord')),
  ];
  for (const [table, column] of [
    ['installs', 'id'],
    ['releases', 'install_id'],
    ['inventory', 'install_id'],
  ] as const) {
    await database.query(copied(table, column), values);
  }
  return ids;
}
