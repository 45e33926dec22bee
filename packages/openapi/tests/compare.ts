// Two schemas of an OpenAPI document each, where they could hurt a tool.
export type Schema = {
  $ref?: string;
  type?: string | string[];
  nullable?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  enum?: unknown[];
  anyOf?: Schema[];
  allOf?: Schema[];
  pattern?: string;
} & Partial<Record<'minLength' | 'maxLength' | 'minimum' | 'maximum', number>>;
type Referring<T> = T & { $ref?: string };
type Content = Record<string, { schema?: Schema }>;
export type Doc = {
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        description: string;
        parameters?: Referring<{ name: string; in: string; required?: boolean; schema: Schema }>[];
        requestBody?: { content: Content };
        responses: Record<string, Referring<{ content?: Content }>>;
      }
    >
  >;
  components: { schemas: Record<string, Schema> };
};
type Placed = [doc: Doc, schema: Schema];

/** What a reference leads to. */
export function resolved<T extends { $ref?: string }>(doc: Doc, value: T): T {
  if (value.$ref === undefined) return value;
  const found = value.$ref
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], doc);
  return resolved(doc, found as T);
}

/** A schema as one: references followed, parts put together, null among its types. */
function whole(doc: Doc, given: Schema): Schema & { types: Set<string> } {
  let schema = resolved(doc, given);
  if (schema.allOf) {
    const parts = schema.allOf.map((part) => whole(doc, part));
    schema = {
      type: 'object',
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, Schema>,
      required: parts.flatMap(({ required = [] }) => required),
    };
  }
  const others = schema.anyOf?.filter(({ type }) => type !== 'null') ?? [];
  const [only] = others;
  if (schema.anyOf && only && others.length === 1) {
    const inner = whole(doc, only);
    if (others.length < schema.anyOf.length) inner.types.add('null');
    return inner;
  }
  const types = new Set(typeof schema.type === 'string' ? [schema.type] : schema.type);
  if (schema.nullable === true && types.size > 0) types.add('null');
  return { ...schema, types };
}

const covers = (types: Set<string>, type: string): boolean =>
  types.has(type) || (type === 'integer' && types.has('number'));

/** What the contract lets a tool send must be taken. Ids have a form, and lists and cursors an end, that it leaves open. */
export function compareRequest(name: string, theirs: Placed, ours: Placed, problems: string[]): void {
  const [wanted, own] = [whole(...theirs), whole(...ours)];
  for (const type of wanted.types) {
    if (!covers(own.types, type)) problems.push(`${name}: ${type} is refused`);
  }
  for (const value of wanted.enum ?? []) {
    if (own.enum && !own.enum.includes(value) && value !== null)
      problems.push(`${name}: ${String(value)} is refused`);
  }
  if (own.enum && !wanted.enum) problems.push(`${name}: only some values are taken`);
  if (own.maxLength !== undefined && own.maxLength < (wanted.maxLength ?? 0)) {
    problems.push(`${name}: longer text is refused`);
  }
  if (own.minLength !== undefined && own.minLength > (wanted.minLength ?? 0)) {
    problems.push(`${name}: shorter text is refused`);
  }
  if (own.maximum !== undefined && wanted.maximum !== undefined && own.maximum < wanted.maximum) {
    problems.push(`${name}: larger numbers are refused`);
  }
  const isId = own.pattern !== undefined && /^\^\(?[a-z]+_/.test(own.pattern);
  if (own.pattern !== undefined && wanted.pattern === undefined && !isId) {
    problems.push(`${name}: only text of a form is taken`);
  }
  compareParts(name, theirs, ours, problems, compareRequest);
  for (const key of own.required ?? []) {
    if (!wanted.required?.includes(key)) problems.push(`${name}: ${key} must be there`);
  }
  for (const key of wanted.required ?? []) {
    if (own.properties && !own.required?.includes(key)) problems.push(`${name}: ${key}`);
  }
}

/** What a tool reads must be there, and be what the contract says. */
export function compareAnswer(name: string, theirs: Placed, ours: Placed, problems: string[]): void {
  const [wanted, own] = [whole(...theirs), whole(...ours)];
  if (wanted.types.size > 0) {
    for (const type of own.types) if (!covers(wanted.types, type)) problems.push(`${name}: may be ${type}`);
  }
  if (wanted.enum) {
    const unknown = own.enum?.filter((value) => value !== null && !wanted.enum?.includes(value)) ?? [
      'anything',
    ];
    if (unknown.length > 0) problems.push(`${name}: may be ${unknown.join(', ')}`);
  }
  compareParts(name, theirs, ours, problems, compareAnswer);
  for (const key of wanted.required ?? []) {
    if (own.properties && !own.required?.includes(key)) problems.push(`${name}: ${key} may be missing`);
  }
}

function compareParts(
  name: string,
  [theirDoc, theirs]: Placed,
  [ourDoc, ours]: Placed,
  problems: string[],
  compare: typeof compareAnswer,
): void {
  const [wanted, own] = [whole(theirDoc, theirs), whole(ourDoc, ours)];
  for (const [key, schema] of Object.entries(wanted.properties ?? {})) {
    const same = own.properties?.[key];
    if (same) compare(`${name}.${key}`, [theirDoc, schema], [ourDoc, same], problems);
    else if (own.additionalProperties !== true) problems.push(`${name}: ${key} is missing`);
  }
  if (wanted.items) compare(`${name}[]`, [theirDoc, wanted.items], [ourDoc, own.items ?? {}], problems);
}
