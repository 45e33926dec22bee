// Lines of Git's protocol: https://git-scm.com/docs/protocol-common#_pkt_line_format
import { DomainError } from '@cnap/errors';

/** Ends a request or an answer. */
export const flush = '0000';
/** Parts a request's command from its arguments, and the sections of an answer. */
export const delimiter = '0001';

/** A line as it is sent. */
export const line = (text: string): string =>
  `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`;

/** What is read: the content of a line, or a marker. */
export type Packet = Uint8Array | 'flush' | 'delimiter' | 'end';

const markers = ['flush', 'delimiter', 'end'] as const;

/** @throws DomainError GIT_ANSWER_INVALID for what is no such line */
export function* packetsOf(bytes: Uint8Array): Generator<Packet> {
  for (let at = 0; at < bytes.byteLength;) {
    const head = Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');
    const length = /^[0-9a-f]{4}$/i.test(head) ? Number.parseInt(head, 16) : -1;
    const marker = markers[length];
    if (marker !== undefined) {
      yield marker;
      at += 4;
      continue;
    }
    if (length < 4 || at + length > bytes.byteLength) throw answerInvalid('is not what a Git server answers');
    yield bytes.subarray(at + 4, at + length);
    at += length;
  }
}

/** A line as text, without its end. */
export const textOf = (packet: Uint8Array): string => Buffer.from(packet).toString('utf8').replace(/\n$/, '');

export const answerInvalid = (problem: string): DomainError =>
  new DomainError('failed-precondition', 'GIT_ANSWER_INVALID', `The answer of the repository ${problem}.`);
