import type { Bought } from './buyer.ts';
import type { Burnt } from './fire.ts';

const width = 24;
const liveMs = 250;
const plainMs = 15_000;

/** Tells on stderr how far it is: a bar on a terminal, a line now and then elsewhere. */
export function showProgress(
  bought: readonly Bought[],
  burnt: readonly Burnt[],
  { faults, now }: { faults: number; now: () => number },
): Disposable & { phase(text: string): void } {
  let text = 'under fire';
  const isLive = process.stderr.isTTY;
  const draw = () => {
    const done = bought.filter(({ doneMs }) => doneMs !== undefined).length;
    const paid = bought.filter(({ paidMs }) => paidMs !== undefined).length;
    const share = Math.round((done / bought.length) * width);
    const bar = `${'█'.repeat(share)}${'░'.repeat(width - share)}`;
    const line = `${bar} ${(now() / 1_000).toFixed(0)} s  ${paid} paid, ${done} of ${bought.length} done, ${burnt.length} of ${faults} faults  ${text}`;
    process.stderr.write(isLive ? `\r\u001b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(draw, isLive ? liveMs : plainMs);
  return {
    phase(next) {
      text = next;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      draw();
      if (isLive) process.stderr.write('\n');
    },
  };
}
