// What a seller says about a product: from requests to what is stored, and the checks that need nobody else.
import { invalidField } from '@cnap/errors';
import {
  InputFill,
  type ProductInput as ProtoInput,
  type ProductOutput as ProtoOutput,
  UpdatePolicy,
  Visibility,
} from '@cnap/proto/cnap/catalog/v1/product';
import type { CreateProductRequest, ProductChange } from '@cnap/proto/cnap/catalog/v1/product_service';
import type {
  InputFill as StoredFill,
  ProductInput,
  ProductOutput,
  ProductRow,
  StoredSource,
  UpdatePolicy as StoredPolicy,
  Visibility as StoredVisibility,
} from '../database.ts';
import { refuseLarge } from '../request.ts';
import { buyerSchema, checkInputs, checkOutputs, checkValues } from './input.ts';
import { wordsOf } from './words.ts';

/** The columns of a product that its seller decides on, and what follows from them. */
export type ProductContent = Omit<
  ProductRow,
  'id' | 'workspace_id' | 'state' | 'version' | 'create_time' | 'update_time'
>;

type Fields = Omit<ProductChange, '$typeName' | '$unknown'>;

export const fills: Record<StoredFill, InputFill> = {
  buyer: InputFill.BUYER,
  host: InputFill.HOST,
  password: InputFill.PASSWORD,
  seats: InputFill.SEATS,
  install_id: InputFill.INSTALL_ID,
  namespace: InputFill.NAMESPACE,
};
export const policies: Record<StoredPolicy, UpdatePolicy> = {
  manual: UpdatePolicy.MANUAL,
  patch: UpdatePolicy.PATCH,
  all: UpdatePolicy.ALL,
};
export const visibilities: Record<StoredVisibility, Visibility> = {
  private: Visibility.PRIVATE,
  unlisted: Visibility.UNLISTED,
  public: Visibility.PUBLIC,
};

/** The field of a change that is about the product's template, not about the product. */
export const sourcesField = 'sources';

const keyOf = <K extends string, V>(table: Record<K, V>, value: V): K | undefined =>
  (Object.keys(table) as K[]).find((key) => table[key] === value);

/** How each field of a request is stored, by its proto name. */
const readers: Record<string, (fields: Fields) => Partial<ProductContent>> = {
  name: ({ name }) => ({ name }),
  description: ({ description }) => ({ description }),
  image_url: ({ imageUrl }) => ({ image_url: imageUrl }),
  template_id: ({ templateId }) => ({ template_id: templateId }),
  cluster_ids: ({ clusterIds }) => ({ cluster_ids: clusterIds }),
  stripe_price_ids: ({ stripePriceIds }) => ({ stripe_price_ids: stripePriceIds }),
  values: ({ values }) => ({ values: values ?? {} }),
  trial_days: ({ trialDays }) => ({ trial_days: trialDays }),
  documentation: ({ documentation }) => ({ documentation }),
  links: ({ links }) => ({ links: links.map(({ title, url }) => ({ title, url })) }),
  inputs: ({ inputs }) => ({ inputs: inputs.map(inputFrom) }),
  outputs: ({ outputs }) => ({ outputs: outputs.map(outputFrom) }),
  show_sources: ({ showSources }) => ({ show_sources: showSources }),
  update_policy: ({ updatePolicy }) => ({ update_policy: keyOf(policies, updatePolicy) ?? 'patch' }),
  // Unspecified is decided by the prices, once these are known.
  visibility: ({ visibility }) => {
    const stored = keyOf(visibilities, visibility);
    return stored === undefined ? {} : { visibility: stored };
  },
  group: ({ group }) => ({ tier_group: group }),
  health_deadline: ({ healthDeadline }) => ({
    health_deadline_ms:
      healthDeadline === undefined
        ? null
        : Number(healthDeadline.seconds) * 1_000 + Math.floor(healthDeadline.nanos / 1e6),
  }),
  retain_volumes_days: ({ retainVolumesDays }) => ({ retain_volumes_days: retainVolumesDays }),
  owner_logs_off: ({ ownerLogsOff }) => ({ owner_logs_off: ownerLogsOff }),
  owner_exec_on: ({ ownerExecOn }) => ({ owner_exec_on: ownerExecOn }),
};

/**
 * What a new product is; its template is made of the sources when it names none.
 * @throws DomainError invalid-argument when it names both or neither
 */
export function newContent(request: CreateProductRequest): ProductContent {
  if (request.templateId === '' && request.sources.length === 0) {
    throw invalidField('sources', 'must name at least one source, or template_id a template');
  }
  if (request.templateId !== '' && request.sources.length > 0) throw eitherOr('sources');
  const read = Object.values(readers).map((reader) => reader(request));
  return withDefaults(Object.assign({}, ...read) as Partial<ProductContent>);
}

/**
 * What a product is after a change.
 * @throws DomainError invalid-argument when the mask names nothing, or what there is not
 */
export function changedContent(row: ProductRow, change: ProductChange, paths: string[]): ProductContent {
  if (paths.length === 0) throw invalidField('update_mask', 'must name at least one field');
  const own = paths.filter((path) => path !== sourcesField);
  const read = own.map((path) => {
    const reader = Object.hasOwn(readers, path) ? readers[path] : undefined;
    if (reader === undefined) {
      throw invalidField(
        'update_mask',
        `"${path}" is not a field that can be changed; there are ${[...Object.keys(readers), sourcesField].join(', ')}`,
      );
    }
    return reader(change);
  });
  // Asking for the default visibility is asking for it to be decided again.
  const base = paths.includes('visibility') ? { ...contentOf(row), visibility: undefined } : contentOf(row);
  const content = withDefaults(Object.assign({}, base, ...read) as Partial<ProductContent>);
  if (content.name.length < 2) throw invalidField('change.name', 'must have 2–32 characters');
  if (content.template_id === '') throw invalidField('change.template_id', 'must name a template');
  if (content.cluster_ids.length === 0)
    throw invalidField('change.cluster_ids', 'must name at least one cluster');
  if (paths.includes(sourcesField)) {
    if (paths.includes('template_id')) throw eitherOr('change.sources');
    if (change.sources.length === 0) throw invalidField('change.sources', 'must name at least one source');
  }
  return content;
}

const eitherOr = (field: string) => invalidField(field, 'must not come together with template_id');

function contentOf(row: ProductRow): ProductContent {
  const { id: _id, workspace_id: _workspace, state: _state, version: _version, ...rest } = row;
  const { create_time: _created, update_time: _updated, ...content } = rest;
  return content;
}

/** With prices a product is public by default, without it is for the seller's members. */
function withDefaults(partial: Partial<ProductContent>): ProductContent {
  const content = partial as ProductContent;
  const visibility: StoredVisibility =
    partial.visibility ?? (content.stripe_price_ids.length > 0 ? 'public' : 'private');
  return {
    ...content,
    visibility,
    input_schema: buyerSchema(content.inputs),
    words: wordsOf(`${content.name} ${content.description}`),
  };
}

/** @throws DomainError invalid-argument INPUT_INVALID, INVALID_FIELD */
export function checkContent(content: ProductContent, sources: StoredSource[]): void {
  const aliases = sources.map(({ alias }) => alias);
  refuseLarge(content.values, 'values');
  if (content.image_url !== '' && !isWebUrl(content.image_url)) {
    throw invalidField('image_url', 'must be an http or https URL');
  }
  checkValues(content.values, aliases);
  checkInputs(content.inputs, aliases);
  checkOutputs(content.outputs, content.inputs);
}

const isWebUrl = (text: string): boolean =>
  URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);

const inputFrom = (input: ProtoInput): ProductInput => ({
  name: input.name,
  sourceAlias: input.sourceAlias,
  path: input.path,
  schema: input.schema ?? {},
  required: input.required,
  secret: input.secret,
  fill: keyOf(fills, input.fill) ?? 'buyer',
  group: input.group,
});

const outputFrom = ({ title, from, secret }: ProtoOutput): ProductOutput => ({
  title,
  secret,
  from: { case: from.case ?? 'text', value: from.value ?? '' },
});
