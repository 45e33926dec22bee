import type { Keyring } from '@cnap/secrets';
import type { Updateable } from 'kysely';
import type { InstallRow, Tables } from '../database.ts';
import { refuseBadAnswers } from './answers.ts';
import { openInputs } from './inputs.ts';
import type { Catalog } from './port.ts';
import { publicAnswers, type SealedInputs } from './values.ts';

type Answers = SealedInputs['answers'];

/** Answers with some of them changed; null takes one away. */
const withChanges = (before: Answers, inputs: Answers): Answers =>
  Object.fromEntries(Object.entries({ ...before, ...inputs }).filter(([, value]) => value !== null));

/**
 * An install's answers with some of them changed.
 * @throws DomainError invalid-argument INPUTS_INVALID
 */
export async function newAnswers(
  row: Pick<InstallRow, 'product_id'>,
  { answers: before }: Pick<SealedInputs, 'answers'>,
  inputs: Answers,
  catalog: Pick<Catalog, 'product'>,
): Promise<Answers> {
  const answers = withChanges(before, inputs);
  // What was not made from a product, or from one that is gone, offers none.
  const product = row.product_id === null ? undefined : await catalog.product(row.product_id);
  refuseBadAnswers(product?.inputSchema ?? {}, answers);
  return answers;
}

/** What is stored of an install whose answers change; what was checked may have changed meanwhile. */
export function changedInputs(
  keyring: Keyring,
  row: InstallRow,
  inputs: Answers,
): Updateable<Tables['installs']> {
  const sealed = openInputs(keyring, row);
  const answers = withChanges(sealed.answers, inputs);
  return {
    sealed_inputs: keyring.seal(JSON.stringify({ ...sealed, answers }), row.id),
    public_inputs: JSON.stringify(publicAnswers(row.product, answers)),
  };
}
