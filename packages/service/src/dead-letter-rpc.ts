import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { Events } from '@cnap/events';
import type { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';

/** The DeadLetterService, which every service that consumes events serves. */
export const deadLetterRpc = (events: Events): ServiceImpl<typeof DeadLetterService> => ({
  async listDeadLetters(page) {
    const { deadLetters, nextPageToken } = await events.listDeadLetters(page);
    return {
      deadLetters: deadLetters.map(({ createTime, ...letter }) => ({
        ...letter,
        createTime: timestampFromDate(createTime),
      })),
      nextPageToken,
    };
  },

  async replayDeadLetter({ eventId }) {
    const replay = await events.replayDeadLetter(eventId);
    return { outcome: replay.outcome, error: replay.outcome === 'failed' ? replay.error : '' };
  },
});
