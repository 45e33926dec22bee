import { randomBytes } from 'node:crypto';
import type { ProductColumn } from '../database.ts';

type Values = Record<string, unknown>;

/** What is sealed with an install: the buyer's answers, and what the platform filled in once. */
export type SealedInputs = { answers: Values; quantity: number; passwords: Record<string, string> };

/** Facts that fill inputs by themselves. */
export type Facts = { installId: string; namespace: string; host: string };

/** Passwords for inputs that the platform fills, made once and kept with the install. */
export function newPasswords(
  product: ProductColumn,
  random: (size: number) => Buffer = randomBytes,
): Record<string, string> {
  const filled = product.inputs.filter((input) => input.fill === 'password');
  return Object.fromEntries(filled.map((input) => [input.name, random(18).toString('base64url')]));
}

/** The values of a release over the package's own: what the product fixes, then inputs, each under its alias. */
export function valuesOf(product: ProductColumn, sealed: SealedInputs, facts: Facts): Values {
  const values = structuredClone(product.values);
  for (const input of product.inputs) {
    const value = {
      buyer: sealed.answers[input.name],
      password: sealed.passwords[input.name],
      seats: sealed.quantity,
      host: facts.host,
      install_id: facts.installId,
      namespace: facts.namespace,
    }[input.fill];
    if (value !== undefined) setAt(values, [input.alias, ...input.path.split('.')], value);
  }
  return values;
}

/** Answers that anybody who sees the install may see. */
export function publicAnswers(product: ProductColumn, answers: Values): Values {
  const secret = new Set(product.inputs.filter((input) => input.secret).map((input) => input.name));
  return Object.fromEntries(Object.entries(answers).filter(([name]) => !secret.has(name)));
}

/** Secret answers, and passwords that the platform made. */
export const secretsIn = (product: ProductColumn, sealed: SealedInputs): unknown[] => [
  ...product.inputs.filter((input) => input.secret).map((input) => sealed.answers[input.name]),
  ...Object.values(sealed.passwords),
];

/** Text that a chart made of its values, without the secret ones in it: notes are shown to whoever operates the install. */
export function withoutSecrets(text: string, product: ProductColumn, sealed: SealedInputs): string {
  const words = secretsIn(product, sealed)
    .filter((value): value is string | number => typeof value === 'string' || typeof value === 'number')
    .map(String)
    .filter((value) => value.length >= 4) // what is shorter would blot out ordinary words
    .toSorted((a, b) => b.length - a.length);
  return words.reduce((left, word) => left.replaceAll(word, '••••'), text);
}

function setAt(target: Values, path: readonly string[], value: unknown): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    Object.defineProperty(target, head, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const existing = Object.hasOwn(target, head) ? target[head] : undefined;
  const next =
    typeof existing === 'object' && existing !== null && !Array.isArray(existing) ? (existing as Values) : {};
  Object.defineProperty(target, head, { value: next, enumerable: true, configurable: true, writable: true });
  setAt(next, rest, value);
}
