import semver from 'semver';

/** Whether the text can be a version or a range of versions. */
export function isVersionRange(text: string): boolean {
  return text.trim() === '' || exact(text) !== undefined || semver.validRange(normal(text)) !== null;
}

/**
 * The newest of `versions` that `wanted` admits: one version, a range, or nothing for the newest that is no
 * pre-release. A range admits pre-releases when it names one (`>=1.0.0-0`), as Helm's do.
 */
export function chooseVersion(versions: readonly string[], wanted: string): string | undefined {
  const text = wanted.trim();
  const same = versions.find((version) => version === text || bare(version) === bare(text));
  if (text !== '' && same !== undefined) return same;
  const range = normal(text);
  if (exact(text) !== undefined || semver.validRange(range) === null) return undefined;
  const includePrerelease = /\d-[0-9A-Za-z]/.test(range);
  const admitted = versions.filter((version) => {
    const parsed = semver.parse(version, { loose: true });
    return parsed !== null && semver.satisfies(parsed, range, { loose: true, includePrerelease });
  });
  return admitted.toSorted((a, b) => semver.rcompare(a, b, { loose: true }))[0];
}

/** The newest first; what is no version last. */
export function newestFirst(versions: readonly string[]): string[] {
  const valid = versions.filter((version) => semver.parse(version, { loose: true }) !== null);
  return valid.toSorted((a, b) => semver.rcompare(a, b, { loose: true }));
}

const bare = (version: string): string => version.replace(/^v/, '');
const exact = (text: string): string | undefined => semver.valid(text.trim(), { loose: true }) ?? undefined;

/** Helm's spellings that npm's semver does not know: commas for "and", `=>`, `=<`. */
const normal = (text: string): string =>
  text.trim() === ''
    ? '*'
    : text
        .replaceAll(/\s*,\s*/g, ' ')
        .replaceAll('=>', '>=')
        .replaceAll('=<', '<=')
        .trim();
