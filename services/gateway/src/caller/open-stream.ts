import { DomainError } from '@cnap/errors';
import type { Callers } from './callers.ts';
import type { Call } from './port.ts';

/** With the seconds that a resolved caller is kept, a revocation that no fact tells of is felt within five. */
const lookEveryMs = 900;

/** What is open to the caller, such as a response or a WebSocket's connection. */
type Watched = {
  readonly destroyed: boolean;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
};

/**
 * Looks while a stream is open whether its caller may still do what they could when it began, and calls `cut` once
 * when the credential is revoked, or when the role in the workspace is another. A caller who cannot be looked up now is
 * left alone until it can.
 */
export function watchCaller(
  response: Watched,
  { callers, call, token }: { callers: Callers; call: Call; token: string },
  cut: (error: DomainError) => void,
): void {
  const atFirst = standingIn(token);
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    const why = await lostBy(callers, call, atFirst).finally(() => (looking = false));
    if (why === undefined || response.destroyed) return;
    clearInterval(timer);
    cut(why);
  };
  const timer = setInterval(() => void look().catch(() => response.destroy()), lookEveryMs);
  response.once('close', () => clearInterval(timer));
}

async function lostBy(callers: Callers, call: Call, atFirst: string): Promise<DomainError | undefined> {
  try {
    return standingIn(await callers.tokenFor(call)) === atFirst ? undefined : changed();
  } catch (error) {
    return error instanceof DomainError && error.kind === 'unauthenticated' ? error : undefined;
  }
}

/** What a caller token says of the workspace, as text; it comes from identity and needs no check here. */
function standingIn(token: string): string {
  const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const { workspaceId, role } = payload as { workspaceId?: string; role?: string };
  return `${workspaceId ?? ''} ${role ?? ''}`;
}

const changed = (): DomainError =>
  new DomainError('permission-denied', 'PERMISSION_DENIED', 'Your role in the workspace has changed.', {
    suggestion: 'Call again.',
  });
