import type { Source } from '@cnap/proto/cnap/catalog/v1/template';
import { refuseLarge } from '../request.ts';
import { sourceInvalid } from './invalid.ts';
import { checkMetadata } from './metadata.ts';
import type { WantedSource } from './source.ts';
import { waitForFrom } from './wait-for.ts';

/**
 * The sources of a request.
 * @throws DomainError invalid-argument SOURCE_INVALID, INVALID_FIELD naming the field
 */
export function wantedSources(sources: Source[]): WantedSource[] {
  return sources.map(({ id, kind, values, metadata, waitFor }, index) => {
    const field = `sources[${index}]`;
    if (kind.case === undefined) throw sourceInvalid(field, 'must say what it is');
    refuseLarge(values, `${field}.values`);
    if (metadata !== undefined) checkMetadata(metadata, `${field}.metadata`);
    const { repoUrl, chart, version, path } = kind.value;
    return {
      id,
      repoUrl: repoUrl.trim(),
      chart,
      version: version.trim(),
      ...(path === undefined ? {} : { path }),
      values: values ?? {},
      ...(metadata === undefined ? {} : { metadata }),
      ...(waitFor.length === 0 ? {} : { waitFor: waitForFrom(waitFor) }),
    };
  });
}
