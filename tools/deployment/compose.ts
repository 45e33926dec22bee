import { parse } from 'yaml';

/** A service of a compose file, as far as it is checked. */
export type ComposeService = {
  image?: string;
  command: string[];
  environment: Record<string, string>;
  /** Every name under which others reach it. */
  names: string[];
};

export type Compose = {
  services: Record<string, ComposeService>;
  /** Variables that the file takes from `.env`. */
  variables: Set<string>;
  /** Variables without a value, where the file says that they need one. */
  missing: string[];
};

type Raw = {
  image?: string;
  command?: string | unknown[];
  entrypoint?: string | unknown[];
  environment?: Record<string, unknown> | string[];
  network_mode?: string;
  networks?: Record<string, { aliases?: string[] } | null>;
};

const variable = /\$\$|\$\{(\w+)(?:(:?[-?])([^}]*))?\}|\$(\w+)/g;

/** Reads a compose file with the values of an env file, as `docker compose config` does for what is checked here. */
export function readCompose(text: string, env: Record<string, string>): Compose {
  const variables = new Set<string>();
  const missing = new Set<string>();
  const fill = (value: string) =>
    value.replace(variable, (whole, braced?: string, operator?: string, word?: string, bare?: string) => {
      const name = braced ?? bare;
      if (name === undefined) return whole.slice(1); // $$ is a dollar
      variables.add(name);
      const known = env[name];
      const isSet = operator?.startsWith(':') ? known !== undefined && known !== '' : known !== undefined;
      if (isSet) return known ?? '';
      if (operator?.endsWith('-')) return word ?? '';
      missing.add(name);
      return '';
    });
  fill(text.replace(/(^|\s)#.*/g, '')); // also what only ports and volumes use
  missing.clear();
  const file = parse(text, { merge: true }) as { services?: Record<string, Raw> };
  const services = Object.entries(file.services ?? {}).map(([name, raw]): [string, ComposeService] => {
    const words = [raw.entrypoint ?? [], raw.command ?? []].flat().map((word) => fill(String(word)));
    const listed = Array.isArray(raw.environment)
      ? raw.environment.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)])
      : Object.entries(raw.environment ?? {});
    const environment = Object.fromEntries(
      listed.map(([key, value]) => [String(key), fill(String(value ?? ''))]),
    );
    const aliases = Object.values(raw.networks ?? {}).flatMap((network) => network?.aliases ?? []);
    const shares = raw.network_mode?.startsWith('service:') === true;
    return [
      name,
      {
        ...(raw.image === undefined ? {} : { image: fill(raw.image) }),
        command: words,
        environment,
        names: shares ? aliases : [name, ...aliases],
      },
    ];
  });
  // Who shares a network is reached under the names of the one that holds it.
  const known = new Map(services);
  for (const [name, raw] of Object.entries(file.services ?? {})) {
    const holder = /^service:(.+)$/.exec(raw.network_mode ?? '')?.[1];
    if (holder !== undefined) known.get(name)?.names.push(...(known.get(holder)?.names ?? []));
  }
  return { services: Object.fromEntries(services), variables, missing: [...missing] };
}

/** The names and values of an env file; quotes are taken off. */
export function readEnvFile(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const value = line.slice(line.indexOf('=') + 1).trim();
      return [line.split('=', 1)[0] ?? '', /^(['"]).*\1$/.test(value) ? value.slice(1, -1) : value];
    }),
  );
}
