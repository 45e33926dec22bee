import type { PriceSeen } from '../price/port.ts';
import { checkInputs, type InputProblem } from './inputs.ts';
import type { FitSeen, ProductSeen } from './port.ts';
import { freeQuote, hasSeats, quote, type Quote } from './pricing.ts';
import type { Struct } from './struct.ts';

export type CheckKind = 'product' | 'not-own-product' | 'sellable' | 'region' | 'inputs' | 'fit';

/** One check; a passed one has no reason. */
export type Check = {
  kind: CheckKind;
  passed: boolean;
  reason: string;
  message: string;
  suggestion: string;
  /** What it is about, each as a field of the request. */
  fields: InputProblem[];
};

/** What a buyer asks for. */
export type Wish = {
  workspaceId: string;
  productId: string;
  regionId: string;
  inputs: Struct;
  quantity: number;
};

/** What was found about it. What cannot be known without a product that is offered is unset. */
export type Found = {
  product: ProductSeen | undefined;
  /** Whether the seller's account can take payments. */
  canCharge: boolean;
  prices: PriceSeen[];
  fit: FitSeen | undefined;
};

const passed = (kind: CheckKind): Check => ({
  kind,
  passed: true,
  reason: '',
  message: '',
  suggestion: '',
  fields: [],
});

const failed = (
  kind: CheckKind,
  reason: string,
  message: string,
  field: string,
  suggestion = '',
  fields: InputProblem[] = [{ field, description: message }],
): Check => ({ kind, passed: false, reason, message, suggestion, fields });

/** Whether the product is there for this workspace; all other checks need it. */
export function checkProduct(product: ProductSeen | undefined, workspaceId: string): Check {
  if (!product || (product.hidden && product.workspaceId !== workspaceId)) {
    return failed('product', 'PRODUCT_NOT_FOUND', 'There is no such product.', 'product_id');
  }
  if (product.retired) {
    return failed('product', 'PRODUCT_RETIRED', `${product.name} takes no new orders.`, 'product_id');
  }
  if (!product.built) {
    return failed(
      'product',
      'PRODUCT_NOT_BUILT',
      `${product.name} has no version that can be installed yet.`,
      'product_id',
      'Try again when the seller has built one.',
    );
  }
  return passed('product');
}

/** Every check of a checkout, in the order people are told. Those that depend on a failed one are left out. */
export function checkAll(
  wish: Wish,
  found: Found,
  feePercent: number,
): { checks: Check[]; quote: Quote | undefined } {
  const productCheck = checkProduct(found.product, wish.workspaceId);
  const { product } = found;
  if (!productCheck.passed || !product) return { checks: [productCheck], quote: undefined };
  const sellable = checkSellable(product, found, wish.quantity, feePercent);
  const checks = [
    productCheck,
    product.workspaceId === wish.workspaceId
      ? failed(
          'not-own-product',
          'OWN_PRODUCT',
          'A workspace cannot buy from itself.',
          'product_id',
          'Install it without an order, or buy it for another workspace.',
        )
      : passed('not-own-product'),
    sellable.check,
    ...checkRegion(found.fit),
    checkAnswers(product, wish, !sellable.check.passed || hasSeats(found.prices)),
    ...checkFit(found.fit),
  ];
  return { checks, quote: sellable.quote };
}

function checkSellable(
  product: ProductSeen,
  { canCharge, prices }: Found,
  quantity: number,
  feePercent: number,
): { check: Check; quote: Quote | undefined } {
  if (product.priceIds.length === 0) return { check: passed('sellable'), quote: freeQuote };
  const ask = 'Ask the seller.';
  if (!canCharge) {
    const message = 'The seller cannot take payments at the moment.';
    return { check: failed('sellable', 'SELLER_NOT_READY', message, 'product_id', ask), quote: undefined };
  }
  const result = quote(prices, { quantity, trialDays: product.trialDays, feePercent });
  if ('quote' in result) return { check: passed('sellable'), quote: result.quote };
  const { reason, message, suggestion } = result.problem;
  return { check: failed('sellable', reason, message, 'product_id', suggestion), quote: undefined };
}

function checkRegion(fit: FitSeen | undefined): Check[] {
  if (fit?.offered) return [passed('region')];
  const message = 'The product is not offered in this region.';
  return [
    failed('region', 'REGION_NOT_OFFERED', message, 'region_id', 'Choose a region that its listing shows.'),
  ];
}

function checkAnswers(product: ProductSeen, wish: Wish, seatsOffered: boolean): Check {
  const problems = checkInputs(product.inputSchema, wish.inputs);
  if (problems.length > 0) {
    const message = problems.map(({ field, description }) => `${field} ${description}`).join('; ');
    const suggestion = 'Correct the inputs that are named.';
    return failed('inputs', 'INPUTS_INVALID', `${message}.`, '', suggestion, problems);
  }
  if (wish.quantity > 1 && !seatsOffered) {
    const message = 'The product has no price per seat.';
    return failed('inputs', 'SEATS_NOT_OFFERED', message, 'quantity', 'Leave quantity out.');
  }
  return passed('inputs');
}

function checkFit(fit: FitSeen | undefined): Check[] {
  if (!fit?.offered) return [];
  if (fit.fits) return [passed('fit')];
  const suggestion = 'Choose another region, or try again later.';
  return [failed('fit', fit.reason || 'NO_CLUSTER_FITS', fit.message, 'region_id', suggestion)];
}
