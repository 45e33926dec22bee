// Answers as they come, held against the document that describes them.
import { Validator, type Schema } from '@cfworker/json-schema';
import { expect } from 'vitest';

type Described = {
  paths: Record<string, Record<string, { responses: Record<string, Response & { $ref?: string }> }>>;
  components: { responses: Record<string, Response> };
};
type Response = { content?: Record<string, { schema: Schema }> };

const documents = new Map<string, Promise<Described>>();

/** Fails when the document does not say that an operation can answer so. `called` gets the operation's name. */
export async function expectDescribed(
  url: string,
  [method, path]: [method: string, path: string],
  answer: { status: number; type: string | null; json: unknown },
  called: Set<string>,
): Promise<void> {
  const known =
    documents.get(url) ?? fetch(`${url}/v1/openapi.json`).then((it) => it.json() as Promise<Described>);
  documents.set(url, known);
  const document = await known;
  const bare = path.split('?', 1)[0] ?? path;
  const verb = method.toLowerCase();
  const matching = Object.keys(document.paths)
    .filter((template) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare))
    .filter((template) => verb in (document.paths[template] ?? {}))
    .toSorted((a, b) => a.split('{').length - b.split('{').length);
  const [template = ''] = matching;
  expect(template, `${method} ${bare} is not in the document`).not.toBe('');
  called.add(`${method} ${template}`);
  const { responses } = document.paths[template]?.[verb] ?? { responses: {} };
  const described = responses[String(answer.status)] ?? responses['default'];
  const name = described?.$ref?.split('/').at(-1);
  const response = name === undefined ? described : document.components.responses[name];
  const type = answer.type?.split(';', 1)[0] ?? '';
  if (response?.content === undefined) {
    expect(answer.type, `${method} ${template} ${answer.status} has a body`).toBeNull();
    return;
  }
  const schema = response.content[type]?.schema;
  expect(schema, `${method} ${template} ${answer.status}: ${type} is not in the document`).toBeDefined();
  if (type !== 'application/json') return;
  const root = { ...schema, components: document.components } as Schema;
  const { errors } = new Validator(root, '2020-12').validate(answer.json);
  expect(
    errors.map(
      ({ instanceLocation, error }) => `${method} ${template} ${answer.status} ${instanceLocation}: ${error}`,
    ),
  ).toEqual([]);
}
