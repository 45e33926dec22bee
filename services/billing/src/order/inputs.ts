import type { Keyring } from '@cnap/secrets';
import type { Struct } from '../checkout/struct.ts';
import type { OrderRow } from '../database.ts';

/** The buyer's answers, opened. */
export const inputsOf = (keyring: Keyring, order: OrderRow): Struct =>
  JSON.parse(keyring.openText(order.inputs, order.id)) as Struct;
