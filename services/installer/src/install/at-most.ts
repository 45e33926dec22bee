/** Lets only so many calls run at a time; the others wait in line. */
export function atMost<A extends unknown[], R>(
  limit: number,
  call: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  const line: (() => void)[] = [];
  let running = 0;
  return async (...args) => {
    if (running >= limit) await new Promise<void>((go) => line.push(go));
    else running += 1;
    try {
      return await call(...args);
    } finally {
      // The place is handed over, so that nobody who comes now can take it.
      const next = line.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
