import { answerWriter, problemOf, problemText, rawField, type RestOperation } from '@cnap/rest';
import type { StreamForm } from './stream.ts';

/** A line that clients pass over. */
const comment = ':\n\n';

/** Server-Sent Events: each message is one. */
export const events = (operation: RestOperation): StreamForm => ({
  type: 'text/event-stream; charset=utf-8',
  headers: { 'x-accel-buffering': 'no' },
  write: eventWriter(operation),
  comment,
  error: (error) => `event: error\ndata: ${problemText(problemOf(error, operation).error)}\n`,
});

/** Turns the messages of a stream into the text of events. */
function eventWriter(operation: RestOperation): (message: Buffer) => string {
  const { stream } = operation;
  if (stream?.kind === 'text') {
    const raw = rawField(stream.field);
    // Each line of it gets its own "data:"; the client puts them together again.
    return (message) =>
      `data: ${raw(message)
        .toString()
        .split(/\r\n|\r|\n/)
        .join('\ndata: ')}\n\n`;
  }
  const write = answerWriter(operation);
  return (message) => `data: ${write(message).json ?? 'null'}\n\n`;
}
