import type { KubeObject } from '@cnap/kubernetes';
import type { InstallRow, Output } from '../database.ts';

type Filling = { host: string; answers: Record<string, unknown> };

/** What the seller shows of a running install: texts with facts filled in, and keys of its Secrets. */
export function outputsOf(
  row: Pick<InstallRow, 'product' | 'namespace' | 'release_name'>,
  objects: readonly KubeObject[],
  filling: Filling,
): Output[] {
  return row.product.outputs.map(({ title, secret, text, secretKey }) => ({
    title,
    secret,
    value:
      text === undefined
        ? secretValue(objects, (secretKey ?? '').replaceAll('RELEASE', row.release_name))
        : fill(text, row.namespace ?? '', filling),
  }));
}

function fill(text: string, namespace: string, { host, answers }: Filling): string {
  return text.replaceAll(/\{\{\s*([a-zA-Z0-9_.-]+)\s*\}\}/g, (_, name: string) => {
    if (name === 'host') return host;
    if (name === 'namespace') return namespace;
    return name.startsWith('inputs.') ? String(answers[name.slice('inputs.'.length)] ?? '') : '';
  });
}

/** The value behind `name/key`, from the Secret as it was applied; empty when there is none. */
function secretValue(objects: readonly KubeObject[], path: string): string {
  const [name, key = ''] = path.split('/');
  const secret = objects.find((object) => object.kind === 'Secret' && object.metadata.name === name);
  const plain = (secret?.['stringData'] as Record<string, string> | undefined)?.[key];
  const encoded = (secret?.['data'] as Record<string, string> | undefined)?.[key];
  return plain ?? (encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString());
}
