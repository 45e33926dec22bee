import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { isAtLeast, versionIn } from './program-version.ts';
import { type ProgramName, programs } from './programs.ts';
import { run } from './run.ts';
import type { Source, SourceContext } from './source.ts';

export type { ProgramName } from './programs.ts';

/** A program, or for `postgres` and `kubernetes` the folder that holds its programs. */
export interface Found {
  path: string;
  version: string;
  /** Where it came from, for people: `CNAP_HELM`, `PATH`, `npm package …`, `get.helm.sh`, `Debian package …`. */
  from: string;
}

export interface FindOptions {
  env?: NodeJS.ProcessEnv;
  /** Told of each step that takes time: an unpacking, a download. */
  onStep?: (text: string) => void;
}

/** No source had the program; the message is one line that says what to install. */
export class ProgramMissing extends Error {
  override name = 'ProgramMissing';
}

const alreadyFound = new Map<ProgramName, Promise<Found>>();

/**
 * Finds an outside program: named by environment, on PATH, in npm packages or the local cache, a pinned
 * official download with checksum, the system's package manager without installing. The first that is new
 * enough is taken; what is unpacked goes into the cache (see {@link cacheFolder}) and stays there.
 *
 * @throws ProgramMissing with one line that says what to install
 */
export function findProgram(name: ProgramName, options: FindOptions = {}): Promise<Found> {
  if (options.env) return search(name, options);
  let found = alreadyFound.get(name);
  if (!found) {
    found = search(name, options);
    alreadyFound.set(name, found);
    found.catch(() => alreadyFound.delete(name));
  }
  return found;
}

async function search(name: ProgramName, options: FindOptions): Promise<Found> {
  const program = programs[name];
  const env = options.env ?? process.env;
  const context: SourceContext = {
    env,
    cache: cacheFolder(env),
    onStep: options.onStep ?? (() => undefined),
  };

  const named = env[program.variable];
  if (named) {
    const checked = await check(name, named);
    if (typeof checked === 'string') throw new ProgramMissing(`${program.variable}=${named}: ${checked}`);
    return { path: named, version: checked.version, from: program.variable };
  }

  const refusals: string[] = [];
  for (const source of [onPath(program.executables, program.isFolder), ...program.sources]) {
    const path = await source.find(context).catch((error: unknown) => {
      refusals.push(`${source.from}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
    if (path === undefined) continue;
    const checked = await check(name, path);
    if (typeof checked === 'string') refusals.push(`${source.from}: ${checked}`);
    else return { path, version: checked.version, from: source.from };
  }
  const tried = refusals.length > 0 ? ` (tried ${refusals.join('; ')})` : '';
  throw new ProgramMissing(`${name} was not found: ${program.advice}, or set ${program.variable}${tried}`);
}

/** The version of what lies there, or a sentence why it cannot be used. */
async function check(name: ProgramName, path: string): Promise<{ version: string } | string> {
  const { executables, isFolder, versionArguments, minimum } = programs[name];
  for (const executable of isFolder ? executables.map((each) => join(path, each)) : [path]) {
    if (!(await isExecutable(executable))) return `${executable} is not an executable file`;
  }
  const asked = isFolder ? join(path, executables[0]) : path;
  try {
    const version = versionIn(await run(asked, versionArguments, { timeoutMs: 20_000 }));
    if (version === undefined) return `${asked} does not say its version`;
    return isAtLeast(version, minimum) ? { version } : `version ${version} is older than ${minimum}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function onPath(executables: readonly string[], isFolder: boolean): Source {
  return {
    from: 'PATH',
    async find({ env }) {
      for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
        const all = await Promise.all(
          executables.map((executable) => isExecutable(join(folder, executable))),
        );
        if (all.every(Boolean)) return isFolder ? folder : join(folder, String(executables[0]));
      }
      return undefined;
    },
  };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
