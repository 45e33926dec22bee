import { expect, test } from 'vitest';
import { pageQuery, toPage } from './index.ts';

const row = (id: string) => ({ id, time: new Date('2026-11-20T10:00:00.123Z') });

test('sizes are coerced to 1–100, 50 when unset', () => {
  const limitOf = (pageSize: number) => pageQuery({ pageSize, pageToken: '' }).limit;
  expect([0, 1, 100, 101, 1_000_000].map(limitOf)).toEqual([50, 1, 100, 100, 100]);
});

test('a token leads to the position after the last row of its page', () => {
  const first = toPage([row('a'), row('b'), row('c')], { limit: 2, after: undefined }, (r) => r);
  expect(first.rows.map((r) => r.id)).toEqual(['a', 'b']);
  expect(pageQuery({ pageSize: 2, pageToken: first.nextPageToken }).after).toEqual(row('b'));
});

test('the last page has no token', () => {
  expect(toPage([row('a')], { limit: 1, after: undefined }, (r) => r).nextPageToken).toBe('');
});

test.each(['x', 'bnVsbA', Buffer.from('["2026","a","b"]').toString('base64url')])(
  'a token that no list gave out is refused: %s',
  (pageToken) => {
    expect(() => pageQuery({ pageSize: 0, pageToken })).toThrowError(
      expect.objectContaining({ reason: 'PAGE_TOKEN_INVALID' }),
    );
  },
);
