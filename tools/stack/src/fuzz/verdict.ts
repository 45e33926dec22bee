import type { Answer } from './answer.ts';

/** What an answer is: good (accepted, or refused clearly), or what is wrong with it. */
export function wrongWith(answer: Answer, foreign: readonly string[]): string | undefined {
  const { status, code, text } = answer;
  if (status >= 500 && status !== 501) return `status ${status}`;
  if (badCodes.has(code)) return `code ${code}`;
  if (status === 0) return 'no status';
  if (stackTrace.test(text)) return 'a stack trace';
  const leaked = foreign.find((id) => text.includes(id));
  if (leaked !== undefined) return `another tenant's ${leaked}`;
  if (status >= 400 && status !== 415 && status !== 405 && text === '')
    return `status ${status} without a word`;
  return undefined;
}

const badCodes = new Set(['internal', 'unknown', 'data_loss', 'unavailable', 'deadline_exceeded']);
const stackTrace = /\bat (async )?[\w.<>]+ \(?(file:|\/)|node_modules|\.(ts|mjs|js):\d+:\d+/;
