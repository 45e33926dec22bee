import { expect, test } from 'vitest';
import { html } from './html.ts';

test('what is put in is escaped, in text and in attributes', () => {
  const evil = `"><script>alert('&')</script>`;
  expect(html`<p title="${evil}">${evil}</p>`.html).not.toMatch(/<script|title=""/);
  expect(html`${'<&>"\''}`.html).toBe('&lt;&amp;&gt;&quot;&#39;');
});

test('templates nest, lists are joined, nothing is nothing', () => {
  const items = [1, 2].map((n) => html`<li>${n}</li>`);
  expect(html`<i>${items}${false}${undefined}</i>`.html).toBe('<i><li>1</li><li>2</li></i>');
});
