import process from 'node:process';

/** Tells on stderr how far a benchmark is: a bar on a terminal, one line for each phase elsewhere. */
export type Progress = {
  /** Begins a phase. */
  phase(text: string): void;
  /** How much of the phase is done, 0 to 1. */
  at(share: number): void;
  end(): void;
};

const width = 24;

export function createProgress(name: string): Progress {
  const live = process.stderr.isTTY;
  let text = '';
  const draw = (share: number) => {
    const done = Math.round(Math.min(1, Math.max(0, share)) * width);
    const bar = '█'.repeat(done) + '░'.repeat(width - done);
    process.stderr.write(`\r\u001b[K${name.padEnd(8)} ${bar} ${text}`);
  };
  return {
    phase(next) {
      text = next;
      if (live) draw(0);
      else process.stderr.write(`${name}: ${text}\n`);
    },
    at(share) {
      if (live) draw(share);
    },
    end() {
      if (live) process.stderr.write('\r\u001b[K');
    },
  };
}
