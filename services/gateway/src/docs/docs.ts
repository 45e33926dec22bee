import { readFile } from 'node:fs/promises';
import { openApiDocument } from '@cnap/openapi';
import { rpcServices } from '@cnap/proto';
import type { HttpRequest, HttpResponse } from '@cnap/rpc';
import type { Logger } from '@cnap/telemetry';
import { assetOf, sendAsset, type Asset } from './asset.ts';
import { grpcReference } from './grpc-reference.ts';
import { docsPage, docsStyle, startScript } from './page.ts';

const viewer = {
  style: import.meta.resolve('swagger-ui-dist/swagger-ui.css'),
  script: import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
};

const html = 'text/html; charset=utf-8';
const css = 'text/css; charset=utf-8';
const script = 'text/javascript; charset=utf-8';
/** Looked at again each time, with the ETag: it changes with a new version only. */
const revalidated = 'public, max-age=0, must-revalidate';
const forAnHour = 'public, max-age=3600';

// The viewer draws its arrows with data: images; everything else is ours.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

type Entry = { cache: string; make: () => Promise<Asset> };

/** Serves the OpenAPI document, a page to read and try it, and the gRPC reference: answers whether it was for them. */
export function createDocs(
  publicUrl: string,
  logger: Logger,
): (request: HttpRequest, response: HttpResponse, path: string) => boolean {
  const entries: Record<string, Entry> = {
    '/v1/openapi.json': {
      cache: revalidated,
      make: () =>
        assetOf(
          'application/json',
          JSON.stringify(openApiDocument(rpcServices, { url: publicUrl, version: '1.0.0' })),
        ),
    },
    '/docs': { cache: revalidated, make: () => assetOf(html, docsPage) },
    '/docs/grpc': { cache: revalidated, make: () => assetOf(html, grpcReference(rpcServices)) },
    '/docs/style.css': { cache: forAnHour, make: () => assetOf(css, docsStyle) },
    '/docs/start.js': { cache: forAnHour, make: () => assetOf(script, startScript) },
    '/docs/viewer.css': {
      cache: forAnHour,
      make: async () => assetOf(css, await readFile(new URL(viewer.style))),
    },
    '/docs/viewer.js': {
      cache: forAnHour,
      make: async () => assetOf(script, await readFile(new URL(viewer.script))),
    },
  };
  // Made when first asked for, and kept.
  const made = new Map<string, Promise<Asset>>();

  return (request, response, path) => {
    const known = Object.hasOwn(entries, path) ? entries[path] : undefined;
    if (!known) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.statusCode = 405;
      response.setHeader('allow', 'GET, HEAD');
      response.end();
      return true;
    }
    const send = async (ready: Promise<Asset>) => {
      const one = await ready;
      if (path.startsWith('/docs')) response.setHeader('content-security-policy', policy);
      sendAsset(request, response, one, known.cache);
    };
    const asset = made.get(path) ?? known.make();
    made.set(path, asset);
    void send(asset).catch((error: unknown) => {
      made.delete(path);
      logger.error({ err: error, path }, 'a document could not be made');
      response.statusCode = 500;
      response.end();
    });
    return true;
  };
}
