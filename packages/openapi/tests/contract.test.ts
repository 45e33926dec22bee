// Our document against the contract that existing tools were made for: nothing that they send may be refused, and
// nothing that they rely on in an answer may be missing or wider.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rpcServices } from '@cnap/proto';
import { expect, test } from 'vitest';
import { openApiDocument } from '../src/index.ts';
import { compareAnswer, compareRequest, resolved, type Doc, type Schema } from './compare.ts';

const beside = join(import.meta.dirname, '../../../../shared/reference/public-openapi.json');
const file = process.env['CNAP_TEST_CONTRACT'] ?? beside;
const isThere = existsSync(file);
if (!isThere) process.stderr.write('skipped the comparison with the contract: set CNAP_TEST_CONTRACT\n');

const ours = openApiDocument(rpcServices, {
  url: 'http://localhost:8080',
  version: '1.0.0',
}) as unknown as Doc;

/** Where we ask for less than the contract: a product may name a template, and a change only what changes. */
const optional = [
  'post /v1/products body: sources',
  'patch /v1/products/{id} body: name',
  'patch /v1/products/{id} body: sources',
  'patch /v1/products/{id} body: cluster_ids',
];

test.skipIf(!isThere)('every operation of the contract is ours as well', () => {
  const contract = JSON.parse(readFileSync(file, 'utf8')) as Doc;
  const problems: string[] = [];
  let operations = 0;
  for (const [path, methods] of Object.entries(contract.paths)) {
    for (const [method, wanted] of Object.entries(methods)) {
      operations += 1;
      const name = `${method} ${path}`;
      const own = ours.paths[path]?.[method];
      if (!own) {
        problems.push(`${name} is missing`);
        continue;
      }
      const parameters = (own.parameters ?? []).map((one) => resolved(ours, one));
      for (const one of wanted.parameters ?? []) {
        const parameter = resolved(contract, one);
        const same = parameters.find(
          (each) => each.in === parameter.in && each.name.toLowerCase() === parameter.name.toLowerCase(),
        );
        if (!same) problems.push(`${name}: the parameter ${parameter.name} is missing`);
        else if ((same.required ?? false) !== (parameter.required ?? false)) {
          problems.push(`${name}: whether ${parameter.name} is required differs`);
        } else if (parameter.in !== 'path') {
          compareRequest(
            `${name} ${parameter.name}`,
            [contract, parameter.schema],
            [ours, same.schema],
            problems,
          );
        }
      }
      const bodyOf = (operation: typeof own): Schema | undefined =>
        operation.requestBody?.content['application/json']?.schema;
      const [theirs, mine] = [bodyOf(wanted), bodyOf(own)];
      if (theirs) compareRequest(`${name} body`, [contract, theirs], [ours, mine ?? {}], problems);
      for (const [status, one] of Object.entries(wanted.responses)) {
        const response = own.responses[status];
        if (!response) problems.push(`${name}: the status ${status} is missing`);
        const content = response ? (resolved(ours, response).content ?? {}) : {};
        for (const [type, { schema = {} }] of Object.entries(resolved(contract, one).content ?? {})) {
          const same = content[type]?.schema;
          if (!same) problems.push(`${name} ${status}: ${type} is missing`);
          else compareAnswer(`${name} ${status}`, [contract, schema], [ours, same], problems);
        }
      }
    }
  }
  expect(operations).toBe(34);
  expect(problems.filter((problem) => !optional.includes(problem))).toEqual([]);
  expect(problems).toEqual(optional);
});
