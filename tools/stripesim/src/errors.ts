/** The error types of https://docs.stripe.com/api/errors. */
export type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

export interface ErrorDetail {
  type?: ErrorType;
  code?: string;
  param?: string;
  decline_code?: string;
  charge?: string;
  payment_intent?: object;
}

/** What a request is refused with; `status` is the HTTP status. */
export class StripeSimError extends Error {
  readonly status: number;
  readonly detail: ErrorDetail;
  constructor(status: number, message: string, detail: ErrorDetail = {}) {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

/** Answered as an error although what was done is kept: a refused charge stays on record. */
export class KeptError extends StripeSimError {}

export const invalidRequest = (message: string, param?: string, code?: string): StripeSimError =>
  new StripeSimError(400, message, { ...(param && { param }), ...(code && { code }) });

/** A resource that is named in the path: 404. One that is named by a parameter is a 400. */
export const noSuch = (kind: string, id: string, param = 'id'): StripeSimError =>
  new StripeSimError(param === 'id' ? 404 : 400, `No such ${kind}: '${id}'`, {
    code: 'resource_missing',
    param,
  });

export const unknownParameters = (names: string[]): StripeSimError =>
  invalidRequest(
    `Received unknown parameter${names.length > 1 ? 's' : ''}: ${names.join(', ')}`,
    names[0],
    'parameter_unknown',
  );

export const unknownUrl = (method: string, path: string): StripeSimError =>
  new StripeSimError(
    404,
    `Unrecognized request URL (${method}: ${path}). stripesim does not simulate it; see its README for what it knows.`,
  );

export function errorBody(error: StripeSimError, requestId: string): object {
  const { type = 'invalid_request_error', code, ...rest } = error.detail;
  return {
    error: {
      ...(code && { code, doc_url: `https://docs.stripe.com/error-codes/${code.replaceAll('_', '-')}` }),
      message: error.message,
      ...rest,
      request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
      type,
    },
  };
}
