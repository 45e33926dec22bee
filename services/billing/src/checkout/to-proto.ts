import { create } from '@bufbuild/protobuf';
import {
  type CheckoutCheck,
  CheckoutCheckKind,
  CheckoutCheckSchema,
  type CheckoutLine,
  CheckoutLineSchema,
} from '@cnap/proto/cnap/billing/v1/checkout_service';
import { priceToProto } from '../price/to-proto.ts';
import type { Check, CheckKind } from './check.ts';
import type { PaymentLine } from './pricing.ts';

const kinds: Record<CheckKind, CheckoutCheckKind> = {
  product: CheckoutCheckKind.PRODUCT,
  'not-own-product': CheckoutCheckKind.NOT_OWN_PRODUCT,
  sellable: CheckoutCheckKind.SELLABLE,
  region: CheckoutCheckKind.REGION,
  inputs: CheckoutCheckKind.INPUTS,
  fit: CheckoutCheckKind.FIT,
};

export const checkToProto = (check: Check): CheckoutCheck =>
  create(CheckoutCheckSchema, {
    kind: kinds[check.kind],
    passed: check.passed,
    reason: check.reason,
    message: check.message,
    suggestion: check.suggestion,
    field: check.fields[0]?.field ?? '',
  });

export const lineToProto = ({ price, quantity, amount }: PaymentLine): CheckoutLine =>
  create(CheckoutLineSchema, {
    price: priceToProto(price),
    quantity: BigInt(quantity ?? 0),
    amount: BigInt(amount),
  });
