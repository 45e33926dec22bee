import { ConnectError } from '@connectrpc/connect';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  LocalizedMessageSchema,
} from '@cnap/proto/google/rpc/error_details';

/** What the platform says about a failed call besides code and message. */
export type ErrorDetails = {
  /** `CLUSTER_NOT_FOUND`: what programs decide on. */
  reason: string;
  /** Whose reason it is: `clusters.cnap.tech`. */
  domain: string;
  metadata: Record<string, string>;
  /** What is wrong with which field of the request. */
  fields: { field: string; description: string }[];
  /** What can be done about it. */
  suggestion: string | undefined;
};

/** The reason of an error of the platform; undefined for errors from elsewhere. */
export const reasonOf = (error: unknown): string | undefined => detailsOf(error)?.reason;

/** Everything the platform says about an error; undefined for errors from elsewhere. */
export function detailsOf(error: unknown): ErrorDetails | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const info = error.findDetails(ErrorInfoSchema)[0];
  if (info === undefined) return undefined;
  return {
    reason: info.reason,
    domain: info.domain,
    metadata: info.metadata,
    fields: error
      .findDetails(BadRequestSchema)
      .flatMap((detail) => detail.fieldViolations)
      .map(({ field, description }) => ({ field, description })),
    suggestion: error.findDetails(LocalizedMessageSchema)[0]?.message,
  };
}
