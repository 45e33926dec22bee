import type { RestMember, RestType } from '@cnap/rest/model';
import type { JsonSchema } from './json-schema.ts';

/** What ids look like, by the member they are in or the message they are the id of. */
const prefixes: Record<string, string> = {
  user: 'usr', workspace: 'ws', seller_workspace: 'ws', buyer_workspace: 'ws', region: 'reg', cluster: 'clu',
  worker: 'wrk', template: 'tpl', source: 'src', package: 'pkg', latest_package: 'pkg', product: 'prd',
  order: 'ord', install: 'ins', release: 'rel', invitation: 'inv', token: 'tok', audit_entry: 'aud',
  registry_credential: 'key',
}; // prettier-ignore

const suffix = '01k9xq3v8sfd4r7c2m5n6p8t9w';

/** An example of a member, from its option or from what it is. */
export function exampleOf(member: RestMember, schema: JsonSchema): unknown {
  if (member.example !== undefined) return member.example;
  if (schema.default !== undefined) return schema.default;
  return ofType(member.type, member, schema);
}

function ofType(type: RestType, member: RestMember, schema: JsonSchema): unknown {
  switch (type.kind) {
    case 'string':
      return textOf(member, schema);
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'base64':
      return 'Y25hcA==';
    case 'unix-seconds':
      return member.field.name === 'expire_time' ? 2_051_222_400 : 1_795_219_200;
    case 'duration-seconds':
      return Math.max(schema.minimum ?? 600, 600);
    case 'enum':
      return schema.enum?.[0] ?? type.values[0]?.name;
    case 'json-object':
      return { replicas: 2 };
    case 'json-array':
      return [1];
    case 'json-value':
      return 'anything';
    case 'array': {
      const one = ofType(type.of, member, schema.items ?? {});
      return one === undefined ? undefined : [one];
    }
    case 'map':
      return { key: ofType(type.of, member, {}) };
    case 'message':
      return undefined; // its own members have theirs
  }
}

function textOf({ field }: RestMember, schema: JsonSchema): string {
  if (schema.enum) return String(schema.enum[0]);
  const named = /^\^(?:\$\|\^)?([a-z]{2,4})_\[0-9a-hjkmnp-tv-z\]/.exec(schema.pattern ?? '')?.[1];
  const owner = field.parent.name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  const subject = field.name === 'id' ? owner : field.name.replace(/_ids?$/, '');
  const prefix = named ?? (/(^|_)ids?$/.test(field.name) ? prefixes[subject] : undefined);
  if (prefix !== undefined) return `${prefix}_${suffix}`;
  const known: Record<string, string> = {
    etag: '3', email: 'ada@example.com', url: 'https://example.com', namespace: 'cnap-c2m5n6p8t9w0',
    kubernetes_version: 'v1.36.3', version: '1.4.2', digest: `sha256:${'0a'.repeat(32)}`, country: 'DE',
    currency: 'eur', line: 'ready to accept connections', cpu: '500m', memory: '512Mi',
    base_domain: 'apps.example.com', kubeconfig: 'apiVersion: v1\nkind: Config\n', alias: 'postgresql',
    path: 'auth.database', stripe_price_ids: 'price_1SWmQ2LkdIwHu7ix', trace_id: '0af7651916cd43dd8448eb211c80319c', address: '203.0.113.7',
  }; // prettier-ignore
  const text = known[field.name] ?? (/(^|_)url$/.test(field.name) ? known['url'] : undefined);
  const fits =
    text !== undefined && (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text));
  if (fits) return text;
  return field.name.replaceAll('_', '-').slice(0, schema.maxLength ?? 100);
}
