import { inParallel } from './in-parallel.ts';
import type { Transport } from './transport.ts';

/** One thing somebody may or may not do; `*` means all, an absent namespace the whole cluster. */
export type AccessQuestion = {
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
};

export type AccessAnswer = AccessQuestion & { allowed: boolean; reason: string };

type Review = { status?: { allowed?: boolean; reason?: string; evaluationError?: string } };

const atOnce = 8;

/** SelfSubjectAccessReviews for all questions. */
export async function accessReview(
  transport: Transport,
  questions: AccessQuestion[],
  signal: AbortSignal | undefined,
): Promise<AccessAnswer[]> {
  return inParallel(questions, atOnce, async (question) => {
    const review = await transport.json<Review>(
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: question },
        },
        signal,
      },
    );
    return {
      ...question,
      allowed: review.status?.allowed === true,
      reason: review.status?.reason || review.status?.evaluationError || '',
    };
  });
}
