// Finds the outside programs that the platform calls, unpacking or downloading what is not there yet, so that
// what comes after does not wait for it. Prints a line only for what took a step, or is missing.
import { findProgram, type ProgramName } from '../packages/programs/src/index.ts';

const names = process.argv.slice(2) as ProgramName[];
for (const name of names) {
  let last = '';
  const started = performance.now();
  try {
    const found = await findProgram(name, { onStep: (text) => void (last = text) });
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    if (last !== '') console.log(`${name} ${found.version} from ${found.from} (${seconds} s)`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
