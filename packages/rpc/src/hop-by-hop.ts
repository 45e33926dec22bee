/** Headers of one connection, which are not handed on: RFC 9110, 7.6.1; `host` becomes `:authority`; `te` is set anew for gRPC. */
export const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'expect',
]);
