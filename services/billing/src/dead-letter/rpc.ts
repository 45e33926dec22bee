import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Events } from '@cnap/events';
import type { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import type { ServiceImpl } from '@connectrpc/connect';

export const deadLetterRpc = (events: Events): ServiceImpl<typeof DeadLetterService> => ({
  async listDeadLetters({ pageSize, pageToken }) {
    const page = await events.listDeadLetters({ pageSize, pageToken });
    return {
      nextPageToken: page.nextPageToken,
      deadLetters: page.deadLetters.map(({ createTime, ...letter }) => ({
        ...letter,
        createTime: timestampFromDate(createTime),
      })),
    };
  },

  async replayDeadLetter({ eventId }) {
    const replay = await events.replayDeadLetter(eventId);
    return { outcome: replay.outcome, error: replay.outcome === 'failed' ? replay.error : '' };
  },
});
