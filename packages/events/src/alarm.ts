/** Something to sleep on that misses no ring between `clear` and `wait`. */
export type Alarm = { clear(): void; ring(): void; wait(longestMs: number): Promise<void> };

/** An alarm that has not rung yet. */
export function createAlarm(): Alarm {
  let rung = false;
  let wakeUp: (() => void) | undefined;
  return {
    clear: () => {
      rung = false;
    },
    ring: () => {
      rung = true;
      wakeUp?.();
    },
    wait: (longestMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(finish, longestMs);
        function finish(): void {
          clearTimeout(timer);
          wakeUp = undefined;
          resolve();
        }
        wakeUp = finish;
        if (rung) finish();
      }),
  };
}
