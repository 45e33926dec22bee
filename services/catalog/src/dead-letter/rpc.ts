import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Events } from '@cnap/events';
import type { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import type { ServiceImpl } from '@connectrpc/connect';
import { refuseNull } from '../request.ts';

type Deps = { events: Pick<Events, 'listDeadLetters' | 'replayDeadLetter'> };

export const deadLetterRpc = ({ events }: Deps): ServiceImpl<typeof DeadLetterService> => ({
  async listDeadLetters(request) {
    refuseNull(request);
    const { pageSize, pageToken } = request;
    const { deadLetters, nextPageToken } = await events.listDeadLetters({ pageSize, pageToken });
    return {
      nextPageToken,
      deadLetters: deadLetters.map(({ createTime, ...letter }) => ({
        ...letter,
        createTime: timestampFromDate(createTime),
      })),
    };
  },

  async replayDeadLetter(request) {
    refuseNull(request);
    const replay = await events.replayDeadLetter(request.eventId);
    return { outcome: replay.outcome, error: replay.outcome === 'failed' ? replay.error : '' };
  },
});
