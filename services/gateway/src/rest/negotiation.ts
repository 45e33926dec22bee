import { RestProblem } from '@cnap/rest';
import { isEncoding } from './content-encoding.ts';

const eventStream = 'text/event-stream';
const json = 'application/json';

/** What a client accepts, as its header says it; most specific first. */
function rangesIn(accept: string): { range: string; quality: number }[] {
  return accept.split(',').flatMap((part) => {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    if (range === '') return [];
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    const quality = Number(weight);
    return [{ range, quality: Number.isNaN(quality) ? 1 : quality }];
  });
}

function qualityOf(type: string, ranges: { range: string; quality: number }[]): number {
  for (const wanted of [type, `${type.split('/', 1)[0]}/*`, '*/*']) {
    const found = ranges.find(({ range }) => range === wanted);
    if (found) return found.quality;
  }
  return 0;
}

/**
 * The media type that the client likes best of those offered, the first of them where it does not care (RFC 9110,
 * 12.5.1).
 * @throws RestProblem 406
 */
export function chosenType(accept: string | undefined, offered: readonly string[]): string {
  const [first = json] = offered;
  if (accept === undefined || accept === '*/*' || accept === first || accept === '') return first;
  const ranges = rangesIn(accept);
  let best = { type: '', quality: 0 };
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > best.quality) best = { type, quality };
  }
  if (best.quality > 0) return best.type;
  throw new RestProblem(406, {
    code: 'not_acceptable',
    message: `The answer is ${offered.join(' or ')}.`,
    suggestion: `Send the header Accept: ${first}, or none.`,
    details: { reason: 'NOT_ACCEPTABLE' },
  });
}

/** Streams are events, also for clients that ask for JSON whatever they call. */
export function acceptsEvents(accept: string | undefined): void {
  chosenType(accept, [eventStream, json]);
}

/**
 * Refuses a body that is not JSON, or compressed in a way that is not known. Without a type it is taken for JSON.
 * @throws RestProblem 415
 */
export function requireJson(contentType: string | undefined, contentEncoding: string | undefined): void {
  const [type = '', ...parameters] = (contentType ?? json)
    .split(';')
    .map((text) => text.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.replaceAll(/charset=|"/g, '');
  const isJson = type === json || type === 'application/merge-patch+json';
  const encoding = contentEncoding ?? 'identity';
  const isReadable = encoding === 'identity' || isEncoding(encoding);
  if (isJson && (charset ?? 'utf-8') === 'utf-8' && isReadable) return;
  throw new RestProblem(
    415,
    {
      code: 'unsupported_media_type',
      message: 'The body must be JSON in UTF-8, with no other Content-Encoding than gzip or br.',
      suggestion: `Send the header Content-Type: ${json}.`,
      details: { reason: 'UNSUPPORTED_MEDIA_TYPE' },
    },
    isReadable ? {} : { 'accept-encoding': 'gzip, br' },
  );
}
