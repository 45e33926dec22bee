import type { HttpRequest } from '@cnap/rpc';
import { credentialOf } from '../rpc-forwarding/credential.ts';
import { isSameOrigin, refuseCrossSite, sessionIn } from './browser.ts';
import { clientAddress, plainAddress, proxiesOf } from './client-address.ts';

/** Who stands before the public port, and where they come from. */
export type Entrance = {
  /** The address of the client; X-Forwarded-For counts from trusted proxies only. */
  addressOf(request: HttpRequest): string;
  /**
   * The bearer token, else the session in a browser's cookie; undefined for nobody.
   * @throws DomainError unauthenticated CREDENTIAL_INVALID; permission-denied CROSS_SITE_REQUEST for a cookie that
   *   another site made a browser send with anything but a GET
   */
  credentialOf(request: HttpRequest): string | undefined;
  /**
   * Whether whoever wrote the request is who is answered. Another site can make a browser ask with its cookie, put words
   * into the question, and see on the wire how long the answer is; compressed, that tells whether the words are in the
   * answer already (BREACH). A bearer token it cannot make a browser send, and without a credential there are no secrets.
   */
  isOwnDoing(request: HttpRequest): boolean;
};

export function entrance(publicUrl: string, trustedProxies: readonly string[]): Entrance {
  const proxies = proxiesOf(trustedProxies);
  return {
    isOwnDoing: (request) =>
      request.headers.authorization !== undefined ||
      sessionIn(request.headers.cookie, publicUrl) === undefined ||
      isSameOrigin(request, publicUrl),
    addressOf({ socket, headers }) {
      const peer = socket.remoteAddress;
      // Without proxies there is nothing to look up.
      return trustedProxies.length === 0
        ? plainAddress(peer ?? '')
        : clientAddress(peer, headers['x-forwarded-for'], proxies);
    },
    credentialOf(request) {
      const bearer = credentialOf(request.headers.authorization);
      if (bearer !== undefined) return bearer;
      const session = sessionIn(request.headers.cookie, publicUrl);
      if (session !== undefined) refuseCrossSite(request, publicUrl);
      return session;
    },
  };
}
