import { expect, test } from 'vitest';
import { acceptsEvents, chosenType, requireJson } from './negotiation.ts';

const offered = ['application/json', 'application/yaml'];

test.each([
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['application/yaml', 'application/yaml'],
  ['application/yaml;q=0.5, application/json;q=0.1', 'application/yaml'],
  ['application/json, application/yaml', 'application/json'],
  ['text/html, application/yaml;q=0.9, */*;q=0.1', 'application/yaml'],
  ['application/json;q=0, */*', 'application/yaml'],
])('Accept: %s', (accept, type) => {
  expect(chosenType(accept, offered)).toBe(type);
});

test.each(['text/html', 'application/xml, text/*', 'application/json;q=0'])('406: %s', (accept) => {
  expect(() => chosenType(accept, ['application/json'])).toThrowError(
    expect.objectContaining({ status: 406 }),
  );
});

test('events are taken by who asks for events, for JSON or for anything', () => {
  for (const accept of [undefined, 'text/event-stream', 'application/json', '*/*', 'text/*']) {
    acceptsEvents(accept);
  }
  expect(() => acceptsEvents('image/png')).toThrowError(expect.objectContaining({ status: 406 }));
});

test('bodies are JSON', () => {
  for (const type of [
    undefined,
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/merge-patch+json',
  ]) {
    requireJson(type, undefined);
  }
  for (const [type, encoding] of [
    ['text/plain', undefined],
    ['application/x-www-form-urlencoded', undefined],
    ['application/json; charset=latin1', undefined],
    ['application/jsonp', undefined],
    ['', undefined],
    ['application/json', 'zstd'],
  ] as const) {
    expect(() => requireJson(type, encoding)).toThrowError(expect.objectContaining({ status: 415 }));
  }
});
