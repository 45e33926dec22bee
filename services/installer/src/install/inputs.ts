import type { Keyring } from '@cnap/secrets';
import type { InstallRow, Output } from '../database.ts';
import type { SealedInputs } from './values.ts';

/** The buyer's answers and what the platform filled in. */
export const openInputs = (keyring: Keyring, row: InstallRow): SealedInputs =>
  JSON.parse(keyring.openText(row.sealed_inputs, row.id)) as SealedInputs;

export const sealOutputs = (keyring: Keyring, row: InstallRow, outputs: Output[]): Uint8Array =>
  keyring.seal(JSON.stringify(outputs), row.id);

/** What the seller shows of the install; nothing until it was healthy once. */
export const openOutputs = (keyring: Keyring, row: InstallRow): Output[] =>
  row.sealed_outputs === null ? [] : (JSON.parse(keyring.openText(row.sealed_outputs, row.id)) as Output[]);
