// Finds the outside programs that the platform calls, unpacking or downloading what is not there yet, so that
// what comes after does not wait for it. Prints a line only for what took a step, or is missing.
import { findProgram, type ProgramName } from '../packages/programs/src/index.ts';

const names = process.argv.slice(2) as ProgramName[];
for (const name of names) {
  let steps = 0;
  const started = performance.now();
  try {
    const found = await findProgram(name, {
      onStep: (text) => process.stdout.write(`${steps++ === 0 ? '' : 'not there, '}${text} … `),
    });
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    if (steps > 0) console.log(`${name} ${found.version}, ${seconds} s`);
  } catch (error) {
    if (steps > 0) console.log('failed');
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
