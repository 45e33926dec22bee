const colours = process.stdout.isTTY === true && !process.env['NO_COLOR'];
const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

export const say = (text = ''): void => void process.stdout.write(`${text}\n`);

/** "0.6 s" */
export const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;

/** Does something that takes time, and says in one line what it was and how long it took. */
export async function step<T>(what: string | ((result: T) => string), work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work();
  say(`${green('✓')} ${typeof what === 'string' ? what : what(result)} ${dim(seconds(begun))}`);
  return result;
}
