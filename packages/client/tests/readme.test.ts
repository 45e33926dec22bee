// What the README shows is what is run: tools/stack/tests/client, and .ci/90-clients.sh.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const home = join(import.meta.dirname, '..');

test('the code in the README is that of the examples, all of them', () => {
  const readme = readFileSync(join(home, 'README.md'), 'utf8');
  const shown = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
  const examples = readdirSync(join(home, 'examples')).map((name) =>
    readFileSync(join(home, 'examples', name), 'utf8'),
  );
  expect(shown.toSorted()).toEqual(examples.toSorted());
});
