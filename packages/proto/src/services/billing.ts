import type { DescService } from '@bufbuild/protobuf';
import { CheckoutService } from '../gen/cnap/billing/v1/checkout_service_pb.ts';
import { OrderService } from '../gen/cnap/billing/v1/order_service_pb.ts';
import { PriceLookupService } from '../gen/cnap/billing/v1/price_lookup_service_pb.ts';
import { PriceService } from '../gen/cnap/billing/v1/price_service_pb.ts';
import { SellerAccountService } from '../gen/cnap/billing/v1/seller_account_service_pb.ts';
import { UsageService } from '../gen/cnap/billing/v1/usage_service_pb.ts';
import { DeadLetterService } from '../gen/cnap/operations/v1/dead_letter_service_pb.ts';

/** The RPC services of billing, the dead letters among them. */
export const billingServices: readonly DescService[] = [
  CheckoutService,
  OrderService,
  PriceLookupService,
  PriceService,
  SellerAccountService,
  UsageService,
  DeadLetterService,
];
