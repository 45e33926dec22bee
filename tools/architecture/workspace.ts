import type { FileRule } from './check.ts';

const services = ['gateway', 'identity', 'clusters', 'catalog', 'billing', 'installer'];
const mayUseServices = new Set(['tools/stack', 'tools/bench']); // they bring the whole platform up
const forEveryConfig = 'tools/vitest.ts';

/** Who may import whom, between the packages of the workspace. */
export const workspaceRules: FileRule[] = [servicesStayApart, relativeImportsStayAtHome];

const serviceIn = (from: string) =>
  services.find((name) => from === `@cnap/${name}` || from.startsWith(`@cnap/${name}/`));

function* servicesStayApart({ home, imports }: Parameters<FileRule>[0]) {
  if (home !== undefined && mayUseServices.has(home)) return;
  for (const { line, from } of imports) {
    const service = serviceIn(from);
    if (service === undefined || home === `services/${service}`) continue;
    const rule = home?.startsWith('services/')
      ? 'no service imports another: call it with peerClient, or consume its facts'
      : `${home ?? 'this'} must not import the service ${service}: only tools/stack and tools/bench may`;
    yield { line, rule };
  }
}

function* relativeImportsStayAtHome({ home, path, imports }: Parameters<FileRule>[0]) {
  if (home === undefined) return;
  for (const { line, target } of imports) {
    if (target === undefined || target.startsWith(`${home}/`)) continue;
    if (target === forEveryConfig && path.endsWith('/vitest.config.ts')) continue;
    yield { line, rule: `a relative import leaves ${home}: import the package by its name` };
  }
}
