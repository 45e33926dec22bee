import type { ServiceImpl } from '@connectrpc/connect';
import { notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import type { UserService } from '@cnap/proto/cnap/identity/v1/user_service';
import { userOf } from '@cnap/rpc';
import type { Database } from '../database.ts';
import { workspaceIdsOf } from '../workspace/store.ts';
import { userUpdated } from './event.ts';
import { findUser, renameUser } from './store.ts';
import { userToProto } from './to-proto.ts';

export const userRpc = ({ db }: { db: Database }): ServiceImpl<typeof UserService> => ({
  async getCurrentUser(_request, context) {
    const { userId } = userOf(context);
    const row = await db.acrossWorkspaces((tx) => findUser(tx, userId));
    if (!row) throw notFound('user', userId);
    return { user: userToProto(row) };
  },

  async updateCurrentUser({ name }, context) {
    const { userId } = userOf(context);
    const row = await db.acrossWorkspaces(async (tx) => {
      const renamed = await renameUser(tx, userId, name);
      if (!renamed) throw notFound('user', userId);
      await publish(tx, userUpdated(renamed, await workspaceIdsOf(tx, userId)));
      return renamed;
    });
    return { user: userToProto(row) };
  },
});
