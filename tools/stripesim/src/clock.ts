import type { Store } from './store.ts';

/** Seconds since 1970: the real time, moved by as much as it was told. */
export interface Clock {
  now(): number;
  /** Inside `work` it is `time`: what was due in the past happens at its own moment. */
  at<T>(time: number, work: () => T): T;
  /** Never backwards. */
  moveTo(time: number): void;
}

export function createClock(
  store: Store,
  realNow: () => number = () => Math.floor(Date.now() / 1000),
): Clock {
  const settings = store.table<{ id: string; offset: number }>('clock');
  let held: number | undefined;
  const offset = (): number => settings.get('clock')?.offset ?? 0;
  const now = (): number => held ?? realNow() + offset();
  return {
    now,
    at(time, work) {
      const before = held;
      held = time;
      try {
        return work();
      } finally {
        held = before;
      }
    },
    moveTo(time) {
      if (time < now()) throw new RangeError('the clock cannot be moved back');
      store.transaction(() => settings.put('', { id: 'clock', offset: time - realNow() }));
    },
  };
}
