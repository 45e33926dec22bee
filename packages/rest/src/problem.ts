/** The error of every answer that is not a success. */
export type RestError = {
  /** Snake case: `not_found`. */
  code: string;
  message: string;
  /** The member, parameter or header that is wrong. */
  param?: string;
  /** What a person can do. */
  suggestion?: string;
  details?: Record<string, unknown>;
};

/** An answer that is no success: its status, its headers and its body. */
export class RestProblem extends Error {
  readonly status: number;
  readonly error: RestError;
  readonly headers: Record<string, string>;

  constructor(status: number, error: RestError, headers: Record<string, string> = {}) {
    super(error.message);
    this.name = 'RestProblem';
    this.status = status;
    this.error = error;
    this.headers = headers;
  }
}

/** The text of an error's body. */
export const problemText = (error: RestError): string => `${JSON.stringify({ error })}\n`;

/** A request that is understood and not valid: 422. */
export const invalid = (param: string, message: string, reason = 'INVALID_FIELD'): RestProblem =>
  new RestProblem(422, {
    code: 'invalid_argument',
    message: param === '' ? message : `${param}: ${message}`,
    ...(param === '' ? {} : { param }),
    details: { reason },
  });

/** A request that cannot be understood: 400. */
export const malformed = (message: string, reason: string, param?: string): RestProblem =>
  new RestProblem(400, {
    code: 'invalid_argument',
    message,
    ...(param === undefined ? {} : { param }),
    details: { reason },
  });
