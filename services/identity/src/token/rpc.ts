import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import { pageQuery, toPage } from '@cnap/pages';
import { firstResult } from '@cnap/postgres';
import {
  CreateTokenRequestSchema,
  CreateTokenResponseSchema,
  type TokenService,
} from '@cnap/proto/cnap/identity/v1/token_service';
import { userOf } from '@cnap/rpc';
import { repeatable } from '@cnap/service';
import type { Database } from '../database.ts';
import { findMember } from '../member/store.ts';
import { tokenRevoked } from './event.ts';
import { makeToken, opensWorkspaces } from './make-token.ts';
import { refuseRestricted } from './restriction.ts';
import { deleteToken, listTokens, restrictionOf } from './store.ts';
import { tokenToProto } from './to-proto.ts';

/** Rounded down: the last nanosecond of the year 9999 is otherwise in a year that no Timestamp can say. */
const wholeMilliseconds = ({ seconds, nanos }: Timestamp): Date =>
  new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1e6));

export const tokenRpc = ({ db }: { db: Database }): ServiceImpl<typeof TokenService> => ({
  async listTokens(request, context) {
    const { userId, credentialId } = userOf(context);
    const page = pageQuery(request);
    const rows = await db.acrossWorkspaces(async (tx) =>
      listTokens(tx, userId, await restrictionOf(tx, credentialId), page),
    );
    const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.id }));
    return { tokens: result.rows.map(tokenToProto), nextPageToken: result.nextPageToken };
  },

  async createToken(request, context) {
    const { userId, credentialId } = userOf(context);
    const { name, workspaceId, readOnly, expireTime } = request;
    return db.acrossWorkspaces(async (tx) => {
      await refuseRestricted(tx, credentialId);
      if (workspaceId !== '' && !(await findMember(tx, workspaceId, userId))) {
        throw notFound('workspace', workspaceId);
      }
      return firstResult(
        tx,
        // The secret is not kept: a repeat says which token was made, without showing it again.
        repeatable(
          context,
          userId,
          CreateTokenRequestSchema,
          request,
          CreateTokenResponseSchema,
          ({ token }) => create(CreateTokenResponseSchema, token ? { token } : {}),
        ),
        async () => {
          const expiresAt = expireTime ? wholeMilliseconds(expireTime) : null;
          const { row, secret } = await makeToken(tx, {
            userId,
            name,
            workspaceId: workspaceId === '' ? null : workspaceId,
            readOnly,
            expiresAt,
          });
          return create(CreateTokenResponseSchema, { token: tokenToProto(row), secret });
        },
      );
    });
  },

  async deleteToken({ id }, context) {
    const { userId, credentialId } = userOf(context);
    await db.acrossWorkspaces(async (tx) => {
      const row = await deleteToken(tx, userId, await restrictionOf(tx, credentialId), id);
      if (!row) throw notFound('token', id);
      await publish(tx, tokenRevoked(row, await opensWorkspaces(tx, row)));
    });
    return {};
  },
});
