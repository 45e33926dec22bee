import type { HttpRequest, HttpResponse } from '@cnap/rpc';

/** What a browser is told about anything that the gateway answers itself. */
export function setSecurityHeaders(response: HttpResponse): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  response.setHeader('cache-control', 'no-store');
}

/** Answers with JSON. */
export function answerJson(response: HttpResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(`${JSON.stringify(body)}\n`);
}

/** `/`: what this is and where to go. */
export function answerRoot(response: HttpResponse, publicUrl: string): void {
  answerJson(response, 200, {
    name: 'CNAP',
    description: 'Turns applications into managed services that people can buy.',
    api: {
      protocols: ['connect', 'grpc', 'grpc-web'],
      url: publicUrl,
      reflection: ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'],
      example: `curl -H 'content-type: application/json' -d '{}' ${publicUrl}/cnap.catalog.v1.ListingService/ListListings`,
    },
    health: { live: '/healthz', ready: '/readyz', grpc: 'grpc.health.v1.Health' },
  });
}

/** A gRPC call of a method that is not to be had here, said as gRPC says it: trailers only, status 12. */
export function answerUnimplemented(request: HttpRequest, response: HttpResponse, path: string): boolean {
  const type = request.headers['content-type'];
  if (type?.startsWith('application/grpc') !== true || path.startsWith('/grpc.')) return false;
  response.statusCode = 200;
  response.setHeader('content-type', type);
  response.setHeader('grpc-status', '12');
  response.setHeader('grpc-message', 'unknown method');
  response.end();
  request.resume();
  return true;
}
