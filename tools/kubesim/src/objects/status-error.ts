import type { Fields } from './object.ts';

export interface Cause {
  reason: string;
  message: string;
  field: string;
}

export interface Target {
  group: string;
  resource: string;
  kind: string;
  name: string;
}

/** An answer other than success: a `metav1.Status` with the words Kubernetes uses. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Fields | undefined;

  constructor(code: number, reason: string, message: string, details?: Fields) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  body(): Fields {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** `deployments.apps` or, in the core group, `pods`. */
export const qualified = ({ group, resource }: Pick<Target, 'group' | 'resource'>): string =>
  group ? `${resource}.${group}` : resource;

const detailsOf = (target: Target, extra: Fields = {}): Fields => ({
  name: target.name,
  ...(target.group ? { group: target.group } : {}),
  kind: target.resource,
  ...extra,
});

export const notFound = (target: Target): StatusError =>
  new StatusError(404, 'NotFound', `${qualified(target)} "${target.name}" not found`, detailsOf(target));

export const pathNotFound = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});

export const alreadyExists = (target: Target): StatusError =>
  new StatusError(
    409,
    'AlreadyExists',
    `${qualified(target)} "${target.name}" already exists`,
    detailsOf(target),
  );

export const conflict = (target: Target, why: string): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(target)} "${target.name}": ${why}`,
    detailsOf(target),
  );

export const modified = (target: Target): StatusError =>
  conflict(
    target,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const forbidden = (target: Target, why: string): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    `${qualified(target)}${target.name ? ` "${target.name}"` : ''} is forbidden: ${why}`,
    detailsOf(target),
  );

export const invalid = (target: Target, causes: Cause[]): StatusError => {
  const words = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const text = words.length === 1 ? words[0] : `[${words.join(', ')}]`;
  const named = target.group ? `${target.kind}.${target.group}` : target.kind;
  return new StatusError(422, 'Invalid', `${named} "${target.name}" is invalid: ${text}`, {
    ...detailsOf(target, { causes }),
    kind: target.kind,
  });
};

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message);

export const gone = (message: string): StatusError => new StatusError(410, 'Expired', message);

export const methodNotAllowed = (): StatusError =>
  new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
