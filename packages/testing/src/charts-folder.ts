import { existsSync } from 'node:fs';

/** The folder with real charts named by `CNAP_TEST_CHARTS`; undefined, so that tests skip, when there is none. */
export function chartsFolder(): string | undefined {
  const folder = process.env['CNAP_TEST_CHARTS'];
  if (!folder) return undefined;
  if (!existsSync(folder)) throw new Error(`CNAP_TEST_CHARTS=${folder} does not exist`);
  return folder;
}
