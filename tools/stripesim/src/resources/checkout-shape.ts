import type { CheckoutSession } from './checkout-session.ts';

export interface NewSession {
  id: string;
  now: number;
  expiresAt: number;
  total: number;
  currency: string;
  url: string;
  mode: CheckoutSession['mode'];
  successUrl: string;
  cancelUrl: string | null;
  clientReferenceId: string | null;
  customer: string | null;
  customerEmail: string | null;
  customerCreation: 'always' | 'if_required' | null;
  methodTypes: CheckoutSession['payment_method_types'];
  metadata: Record<string, string>;
  submitType: string | null;
  locale: string | null;
}

/** An open session with every field that the API version has. */
export const sessionShape = (wanted: NewSession): CheckoutSession => ({
  id: wanted.id,
  object: 'checkout.session',
  adaptive_pricing: { enabled: false },
  after_expiration: null,
  allow_promotion_codes: null,
  amount_subtotal: wanted.total,
  amount_total: wanted.total,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  billing_address_collection: null,
  cancel_url: wanted.cancelUrl,
  client_reference_id: wanted.clientReferenceId,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  created: wanted.now,
  currency: wanted.currency,
  currency_conversion: null,
  custom_fields: [],
  custom_text: {
    after_submit: null,
    shipping_address: null,
    submit: null,
    terms_of_service_acceptance: null,
  },
  customer: wanted.customer,
  customer_creation: wanted.customerCreation,
  customer_details: null,
  customer_email: wanted.customerEmail,
  discounts: [],
  expires_at: wanted.expiresAt,
  invoice: null,
  invoice_creation: null,
  livemode: false,
  locale: wanted.locale,
  metadata: wanted.metadata,
  mode: wanted.mode,
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_collection: wanted.mode === 'subscription' ? 'always' : 'if_required',
  payment_method_configuration_details: null,
  payment_method_options: { card: { request_three_d_secure: 'automatic' } },
  payment_method_types: wanted.methodTypes,
  payment_status: 'unpaid',
  permissions: null,
  phone_number_collection: { enabled: false },
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  status: 'open',
  submit_type: wanted.submitType,
  subscription: null,
  success_url: wanted.successUrl,
  total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  ui_mode: 'hosted_page',
  url: wanted.url,
  wallet_options: null,
});
