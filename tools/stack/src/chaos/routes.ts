import type { Kept } from '../kept.ts';
import type { Routes } from '../layout.ts';
import { openLink, type Link } from './link.ts';
import { paths, type Cut, type Path } from './schedule.ts';

/** A proxy on every way between two programs. */
export type Network = AsyncDisposable & {
  /** What `npm start` is told in CNAP_ROUTES. */
  readonly routes: Routes;
  fail(cut: readonly Path[], how: Cut): void;
  heal(cut: readonly Path[]): void;
};

const nameOf = ({ from, to }: Path) => `${from}>${to}`;

export async function openNetwork(ports: Kept['ports']): Promise<Network> {
  await using opened = new AsyncDisposableStack();
  const links = new Map<string, Link>();
  for (const path of paths) {
    const link = opened.use(await openLink(ports[path.to]));
    links.set(nameOf(path), link);
  }
  const each = (cut: readonly Path[], work: (link: Link) => void) => {
    for (const link of cut.map((path) => links.get(nameOf(path)))) if (link) work(link);
  };
  const owned = opened.move();
  return {
    routes: Object.fromEntries([...links].map(([name, { port }]) => [name, port])),
    fail: (cut, how) => each(cut, (link) => link.fail(how)),
    heal: (cut) => each(cut, (link) => link.heal()),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
