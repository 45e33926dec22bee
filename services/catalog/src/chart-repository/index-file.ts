import { DomainError, messageOf } from '@cnap/errors';
import { readYaml } from '@cnap/helm';

/** One version of a chart in the index of a repository. */
export type IndexEntry = { version: string; urls: string[]; digest: string | undefined };

const maxParsedBytes = 4 * 1024 * 1024;

/**
 * The versions of one chart in an index.yaml. Indexes of many thousand versions exist, so only the part of the chart
 * is parsed when the index has the form in which Helm writes it.
 * @throws DomainError INDEX_INVALID saying what the text is instead
 */
export function entriesOf(text: string, chart: string): IndexEntry[] {
  if (text.trim() === '') throw invalid('is empty');
  if (/^\s*</.test(text)) throw invalid('is a web page, not the index of a Helm repository');
  const entries = entriesIn(text, chart);
  if (entries === undefined) return [];
  if (!Array.isArray(entries)) throw invalid(`does not have a list of versions of ${chart}`);
  return entries.flatMap((entry: unknown) => {
    const { version, urls, digest } = (entry ?? {}) as Record<string, unknown>;
    if (typeof version !== 'string' || !Array.isArray(urls)) return [];
    return [
      {
        version,
        urls: urls.filter((url) => typeof url === 'string'),
        digest:
          typeof digest === 'string' && digest !== ''
            ? digest.replace(/^sha256:/, '').toLowerCase()
            : undefined,
      },
    ];
  });
}

function entriesIn(text: string, chart: string): unknown {
  const part = partOf(text, chart);
  if (part !== undefined) return (parse(part) as Record<string, unknown>)[chart];
  if (text.length > maxParsedBytes) throw invalid('is too large to be read as it is written');
  const index = parse(text);
  if (typeof index !== 'object' || index === null || Array.isArray(index)) throw invalid('is not an index');
  const { entries } = index as Record<string, unknown>;
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) {
    throw invalid('has no entries, so it is not the index of a Helm repository');
  }
  return Object.hasOwn(entries, chart) ? (entries as Record<string, unknown>)[chart] : undefined;
}

/** The lines below `  chart:` under `entries:`, without their indentation. */
function partOf(text: string, chart: string): string | undefined {
  const start = /^entries:[ \t]*\r?$/m.exec(text)?.index;
  if (start === undefined) return undefined;
  const head = new RegExp(`^  (["']?)${escaped(chart)}\\1:[ \\t]*\\r?$`, 'm');
  const found = head.exec(text.slice(start));
  if (found === null) return undefined;
  const from = start + found.index;
  const body = text.slice(from + found[0].length);
  // The next chart, or the next key of the index. Lists may stand at the indentation of their key.
  const end = /^(?: {0,2}[^\s#-]|---)/m.exec(body)?.index ?? body.length;
  const part = `${chart.includes(' ') ? JSON.stringify(chart) : chart}:${body.slice(0, end)}`;
  if (part.length > maxParsedBytes)
    throw invalid(`has more than ${maxParsedBytes / 1024 / 1024} MiB of ${chart}`);
  return part;
}

const escaped = (text: string): string => text.replaceAll(/[^a-zA-Z0-9_]/g, String.raw`\$&`);

function parse(text: string): unknown {
  try {
    return readYaml(text)[0];
  } catch (error) {
    throw invalid(`is not valid YAML: ${messageOf(error)}`);
  }
}

const invalid = (what: string): DomainError =>
  new DomainError('failed-precondition', 'INDEX_INVALID', `The answer ${what}.`);
