import type { VersionBump } from '../database.ts';

const firstVersion = '1.0.0';

/** The version of a build that follows `newest`, which is undefined for a template's first. */
export function nextVersion(newest: string | undefined, bump: VersionBump): string {
  if (newest === undefined) return firstVersion;
  const [major = 0, minor = 0, patch = 0] = newest.split('.').map(Number);
  switch (bump) {
    case 'major':
      return `${major + 1}.0.0`;
    case 'minor':
      return `${major}.${minor + 1}.0`;
    case 'patch':
      return `${major}.${minor}.${patch + 1}`;
  }
}
