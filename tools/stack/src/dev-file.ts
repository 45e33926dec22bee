import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from './options.ts';

/** A person of the sample data. */
export type SamplePerson = { token: string; workspace_id: string; email: string };

/** `.cnap/dev.json`: where everything is, for people, scripts and `npm run sale`. Mode 0600: it holds tokens. */
export type DevFile = {
  url: string;
  stripe_url: string;
  /** Where mails can be looked at; empty when they go to a server outside. */
  mail_url: string;
  kubeconfig: string;
  database_url: string;
  nats_url: string;
  seller: SamplePerson;
  buyer: SamplePerson;
  cluster_id: string;
  region_id: string;
  products: { one_time: string; monthly: string };
};

export const devFilePath = (dataDir: string): string => join(dataDir, 'dev.json');

/** Reads what the last start wrote; undefined when nothing was started here yet. */
export async function readDevFile(dataDir: string): Promise<DevFile | undefined> {
  const text = await readFile(devFilePath(dataDir), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DevFile);
}

/** Reads it for a command that needs a running platform. */
export async function needDevFile(dataDir: string): Promise<DevFile> {
  const file = await readDevFile(dataDir);
  if (!file)
    throw new Mistake(`there is no ${devFilePath(dataDir)}: run "npm start" first, in another terminal`);
  return file;
}
