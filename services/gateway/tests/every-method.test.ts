// Walks every RPC of the platform: what each says about itself, and what the rules of the API ask of all.
import { getOption, type DescMethod } from '@bufbuild/protobuf';
import { permissions } from '@cnap/auth';
import { rpcServices, serviceNames } from '@cnap/proto';
import * as options from '@cnap/proto/cnap/options/v1/options';
import { isInternal, isReadOnly, knowsSecrets, routeTable } from '@cnap/rpc';
import { describe, expect, test } from 'vitest';

const pathOf = (method: DescMethod) => `/${method.parent.typeName}/${method.name}`;
const methods = serviceNames.flatMap((service) =>
  rpcServices[service].flatMap((descriptor) =>
    descriptor.methods.map((method) => ({ path: pathOf(method), service, method })),
  ),
);
const routes = routeTable(rpcServices);
const readVerbs = /^(Get|List|Watch|Stream|LookUp|Check|Preview|Diff|Resolve)/;
// Checks that reach out with what they are given, or that leave something behind.
const checksThatWrite = new Set(['CheckKubeconfig', 'PreviewCheckout', 'CheckFit']);

test('there are methods to walk', () => {
  expect(methods.length).toBeGreaterThan(60);
});

describe.each(methods)('$path', ({ path, service, method }) => {
  const permission = getOption(method, options.permission);
  const access = getOption(method, options.access);

  test('has a permission of the table, or an access, and not both', () => {
    expect([permission !== '', access !== options.Access.UNSPECIFIED].filter(Boolean)).toHaveLength(1);
    if (permission !== '') expect(Object.keys(permissions)).toContain(permission);
  });

  test('is routable when it is public, and only then', () => {
    expect(routes.get(path)).toEqual(isInternal(method) ? undefined : { service, method });
    const isForServices = access === options.Access.SERVICE || access === options.Access.OPERATOR;
    expect(isInternal(method)).toBe(isForServices);
  });

  test('shares its exposure with its service', () => {
    expect(new Set(method.parent.methods.map(isInternal)).size).toBe(1);
  });

  test('reads say NO_SIDE_EFFECTS, and what says so reads', () => {
    const saysWhatItIs = readVerbs.test(method.name) === isReadOnly(method);
    expect(saysWhatItIs || checksThatWrite.has(method.name)).toBe(true);
  });

  test('may be kept by caches only when it is a public read without secrets', () => {
    if (getOption(method, options.public_max_age_seconds) === 0) return;
    expect(access).toBe(options.Access.PUBLIC);
    expect([isReadOnly(method), knowsSecrets(method)]).toEqual([true, false]);
  });

  test('streams only where its name says so', () => {
    const { methodKind, name } = method;
    if (/^(Watch|Stream)/.test(name) || name === 'GetArtifact') expect(methodKind).toBe('server_streaming');
    else if (name.startsWith('Exec')) expect(methodKind).toBe('bidi_streaming');
    else expect(methodKind).toBe('unary');
  });

  test('has a request and a response of its own', () => {
    expect(method.input.name).toBe(`${method.name}Request`);
    expect(method.output.name).toBe(`${method.name}Response`);
  });
});

const lists = methods.filter(({ method }) => method.name.startsWith('List') && !isInternal(method));

test.each(lists)('$path has pages', ({ method }) => {
  const fields = [...method.input.fields, ...method.output.fields].map(({ name }) => name);
  expect(fields).toEqual(expect.arrayContaining(['page_size', 'page_token', 'next_page_token']));
});
