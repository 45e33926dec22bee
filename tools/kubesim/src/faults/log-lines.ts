import type { KubeObject } from '../objects/object.ts';

interface Line {
  at: number;
  text: string;
}

const everyMs = 5_000;
const paths = ['/', '/healthz', '/api/items', '/metrics', '/api/session', '/readyz'];

/** A container's lines between its start and `until`: a start-up, then requests; crashes end with a reason. */
export function linesOf(
  pod: KubeObject,
  container: string,
  started: number,
  until: number,
  crashes: boolean,
  ended: boolean,
): Line[] {
  if (!Number.isFinite(started)) return [];
  const lines: Line[] = [
    { at: started, text: `${container}: starting in pod ${pod.metadata.name}` },
    { at: started, text: `${container}: configuration loaded` },
  ];
  if (crashes) {
    return [
      ...lines,
      { at: started, text: `${container}: connecting to the database` },
      { at: started, text: 'panic: required setting DATABASE_URL is missing' },
      { at: started, text: `${container}: exit status 1` },
    ];
  }
  lines.push({ at: started, text: `${container}: listening on :8080` });
  if (ended) return [...lines, { at: started, text: `${container}: done` }];
  const seed = [...`${pod.metadata.uid}${container}`].reduce(
    (sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0,
    7,
  );
  const total = Math.floor((until - started) / everyMs);
  const first = Math.max(1, total - 1_000); // no more than an hour or so is remembered
  for (let index = first; index <= total; index += 1) {
    const at = started + index * everyMs;
    const value = (seed + index * 2_654_435_761) >>> 0;
    const path = paths[value % paths.length] ?? '/';
    lines.push({ at, text: `${new Date(at).toISOString()} GET ${path} 200 ${(value % 90) + 3}ms` });
  }
  return lines;
}
