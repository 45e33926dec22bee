/** A page to read and try the REST API; what it does is in the script beside it. */
export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CNAP API</title>
<link rel="stylesheet" href="/docs/viewer.css">
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<header><a href="/docs">REST</a> <a href="/docs/grpc">gRPC and Connect</a> <a href="/v1/openapi.json">OpenAPI document</a></header>
<main id="viewer"><p class="wait">Loading the reference … It needs JavaScript; the OpenAPI document does not.</p></main>
<script src="/docs/viewer.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

export const startScript = `SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#viewer',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

export const docsStyle = `:root { color-scheme: light; --ink: #1b2733; --line: #d8dee4; --link: #0b5cad; --soft: #f5f7f9; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; }
header { display: flex; flex-wrap: wrap; gap: 1.5rem; padding: .9rem 1.5rem; border-bottom: 1px solid var(--line); }
a { color: var(--link); }
main { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem 4rem; }
main#viewer { max-width: none; padding: 0; }
.wait { padding: 2rem; }
.reference h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
.reference h3 { margin-bottom: .3rem; font-family: ui-monospace, monospace; font-size: 1rem; }
.reference p { margin: .3rem 0; max-width: 60rem; }
.reference .table { overflow-x: auto; }
.reference table { border-collapse: collapse; margin: .6rem 0 1.2rem; font-size: .9rem; }
.reference th, .reference td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
.reference code { background: var(--soft); padding: 0 .25rem; border-radius: 3px; }
.reference nav ul { columns: 3 14rem; padding-left: 1.2rem; }
`;
