import { currentActor, withActor } from '@cnap/telemetry';

/**
 * Does something in the name of the user that the visitor has turned out to be, from where the visitor came.
 * @param user.credentialId the session, where it is known which one it was
 */
export function asUser<T>(
  { userId, credentialId }: { userId: string; credentialId: string | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const address = currentActor()?.address;
  return withActor(
    {
      kind: 'user',
      id: userId,
      ...(credentialId === undefined ? {} : { credentialId }),
      ...(address === undefined ? {} : { address }),
    },
    work,
  );
}
