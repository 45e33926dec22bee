import { ConfigError, describeConfig, loadConfig } from '../../packages/config/src/index.ts';
import { readCompose, readEnvFile, type Compose } from './compose.ts';

/** Settings by environment name, as a service's `src/config.ts` exports them. */
export type Settings = Parameters<typeof loadConfig>[0];

export type Deployment = {
  compose: string;
  envExample: string;
  dockerfile: string;
  /** By the name of its folder in services/. */
  services: Record<string, Settings>;
  /** What the operator's command makes for `.env`. */
  madeKeys: Record<string, string>;
  /** Node and pnpm as package.json pins them. */
  versions: { node: string; pnpm: string };
  /** Whether a path from the repository's root is there. */
  exists: (path: string) => boolean;
};

/** Everything that would keep the platform from running in containers, one line each. */
export function checkDeployment(deployment: Deployment): string[] {
  const example = readEnvFile(deployment.envExample);
  // Made keys fill what the example leaves open; what it names without a value otherwise is optional.
  const compose = readCompose(deployment.compose, { ...example, ...deployment.madeKeys });
  return [
    ...variables(compose, example, deployment.madeKeys),
    ...Object.entries(deployment.services).flatMap(([name, settings]) => [
      ...service(compose, name, settings),
    ]),
    ...commands(compose, deployment.exists),
    ...databases(compose),
    ...dockerfile(deployment),
  ];
}

function* variables(compose: Compose, example: Record<string, string>, made: Record<string, string>) {
  for (const name of compose.missing) yield `docker-compose.yml: ${name} has no value and nothing makes one`;
  for (const name of compose.variables) {
    if (!(name in example)) yield `deploy/.env.example does not name ${name}, which docker-compose.yml uses`;
  }
  for (const name of Object.keys(example)) {
    if (!compose.variables.has(name)) yield `deploy/.env.example names ${name}, which nothing uses`;
  }
  for (const name of Object.keys(made)) {
    if (!(name in example)) yield `deploy/.env.example does not name ${name}, which make-keys prints`;
  }
}

function* service(compose: Compose, name: string, settings: Settings): Iterable<string> {
  const at = `docker-compose.yml, ${name}`;
  const found = compose.services[name];
  if (found === undefined) {
    yield `${at}: the service is not there`;
    return;
  }
  const entry = `services/${name}/src/main.ts`;
  if (!found.command.includes(entry)) yield `${at}: does not run ${entry}`;
  for (const setting of describeConfig(settings)) {
    if (!(setting.name in found.environment))
      yield `${at}: no place for ${setting.name} (${setting.description})`;
  }
  for (const variable of Object.keys(found.environment)) {
    if (!(variable in settings)) yield `${at}: ${variable} is no setting of ${name}`;
  }
  try {
    loadConfig(settings, found.environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) yield `${at}: ${problem}`;
  }
  if (found.environment['HOST'] !== '0.0.0.0')
    yield `${at}: HOST must be 0.0.0.0, or no other container reaches it`;
  yield* peers(compose, name);
}

/** Every internal address leads to the service that it is named after, at the port on which that listens. */
function* peers(compose: Compose, name: string) {
  const environment = compose.services[name]?.environment ?? {};
  for (const [variable, value] of Object.entries(environment)) {
    const peer = /^CNAP_(\w+)_URL$/.exec(variable)?.[1]?.toLowerCase();
    const target = peer === undefined ? undefined : compose.services[peer];
    if (target === undefined || !URL.canParse(value)) continue;
    const { hostname, port } = new URL(value);
    if (!target.names.includes(hostname))
      yield `docker-compose.yml, ${name}: ${variable} names ${hostname}, which is not ${peer}`;
    if (port !== target.environment['PORT'])
      yield `docker-compose.yml, ${name}: ${variable} has port ${port}, ${peer} listens on ${target.environment['PORT']}`;
  }
}

/** What a container of our image is told to run is there. */
function* commands(compose: Compose, exists: Deployment['exists']) {
  for (const [name, { command }] of Object.entries(compose.services)) {
    for (const word of command.filter((each) => /^(services|tools)\/.*\.ts$/.test(each))) {
      if (!exists(word)) yield `docker-compose.yml, ${name}: there is no ${word}`;
    }
  }
}

/** The migrations make each role with the password that its service uses. */
function* databases(compose: Compose): Iterable<string> {
  const migrate = compose.services['migrate']?.environment;
  if (migrate === undefined) {
    yield 'docker-compose.yml: there is no job migrate';
    return;
  }
  for (const [name, { environment }] of Object.entries(compose.services)) {
    const url = environment['DATABASE_URL'];
    if (url === undefined || name === 'migrate') continue;
    const variable = `CNAP_${name.toUpperCase()}_DATABASE_URL`;
    if (migrate[variable] !== url)
      yield `docker-compose.yml, migrate: ${variable} is not the DATABASE_URL of ${name}`;
  }
}

function* dockerfile({ dockerfile: text, versions, exists }: Deployment) {
  for (const [index, line] of text.split('\n').entries()) {
    const [instruction, ...words] = line.trim().split(/\s+/);
    if (instruction !== 'COPY') continue;
    const isFromStage = words.some((word) => word.startsWith('--from='));
    const sources = words.filter((word) => !word.startsWith('--')).slice(0, -1);
    for (const source of sources) {
      // Another stage has the checkout under /app; what lies elsewhere there was made by it.
      const path = isFromStage ? /^\/app\/(.+)$/.exec(source)?.[1] : source;
      if (path !== undefined && !exists(path))
        yield `deploy/Dockerfile:${index + 1}: COPY of ${path}, which is not there`;
    }
  }
  for (const [argument, version] of [
    ['NODE_VERSION', versions.node],
    ['PNPM_VERSION', versions.pnpm],
  ] as const) {
    if (!text.includes(`ARG ${argument}=${version}\n`))
      yield `deploy/Dockerfile: ARG ${argument} must be ${version}, as package.json pins it`;
  }
}
