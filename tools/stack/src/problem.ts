import { messageOf } from '@cnap/errors';
import { Mistake } from './options.ts';

/** What went wrong at a start, in one line that says what to do where we know it. */
export function problemOf(error: unknown): string {
  if (error instanceof Mistake) return error.message;
  if (error instanceof Error && error.name === 'ProgramMissing') return error.message;
  const message = messageOf(error);
  if (/ENOSPC|No space left on device/.test(message)) {
    return 'the disk is full: free some space, or name a folder on another disk with CNAP_DATA';
  }
  return message;
}
