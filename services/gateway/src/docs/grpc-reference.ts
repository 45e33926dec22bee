import {
  getOption,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
} from '@bufbuild/protobuf';
import { commentsOf } from '@cnap/openapi';
import * as options from '@cnap/proto/cnap/options/v1/options';

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (one) => escapes[one] ?? one);
const code = (text: string): string => `<code>${escaped(text)}</code>`;

/** Every public service, method and message, as the protos have them. */
export function grpcReference(services: Record<string, readonly DescService[]>): string {
  const shown = Object.values(services)
    .flat()
    .map((service) => ({ service, methods: service.methods.filter(isPublic) }))
    .filter(({ methods }) => methods.length > 0);
  const messages = messagesOf(shown.flatMap(({ methods }) => methods));
  const list = shown.map(({ service }) => `<li><a href="#${service.typeName}">${service.name}</a></li>`);
  const sections = shown.map(({ service, methods }) => serviceSection(service, methods));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CNAP: gRPC and Connect</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<header><a href="/docs">REST</a> <a href="/docs/grpc">gRPC and Connect</a> <a href="/v1/openapi.json">OpenAPI document</a></header>
<main class="reference">
<h1>gRPC and Connect</h1>
<p>One port speaks gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2. Server reflection is on:
${code('grpcurl -plaintext HOST:PORT list')}. Credentials are ${code('authorization: Bearer …')}, the workspace of a call is
${code('x-workspace-id')}. Errors carry ${code('google.rpc.ErrorInfo')} with the reasons named below.</p>
<nav aria-label="Services"><ul>${list.join('')}</ul></nav>
${sections.join('\n')}
<h2 id="messages">Messages</h2>
${messages.map(messageSection).join('\n')}
</main>
</body>
</html>
`;
}

const isPublic = (method: DescMethod): boolean =>
  getOption(method, options.exposure) !== options.Exposure.INTERNAL;

function serviceSection(service: DescService, methods: DescMethod[]): string {
  const parts = methods.map((method) => {
    const { output } = method;
    const streams = {
      request: method.methodKind === 'bidi_streaming',
      answer: method.methodKind !== 'unary',
    };
    const signature = `${streams.request ? 'stream ' : ''}${link(method.input)} → ${streams.answer ? 'stream ' : ''}${link(output)}`;
    return `<h3 id="${method.parent.typeName}.${method.name}">${method.name}</h3>
<p>${escaped(commentsOf(`${service.typeName}.${method.name}`))}</p><p>${signature}</p>`;
  });
  return `<h2 id="${service.typeName}">${code(service.typeName)}</h2>
<p>${escaped(commentsOf(service.typeName))}</p>
${parts.join('\n')}`;
}

const link = (message: DescMessage): string => `<a href="#${message.typeName}">${message.name}</a>`;

/** All messages that methods lead to, in the order in which they are met. */
function messagesOf(methods: readonly DescMethod[]): DescMessage[] {
  const found = new Set<DescMessage>();
  const visit = (message: DescMessage | undefined): void => {
    if (!message?.typeName.startsWith('cnap.') || found.has(message)) return;
    found.add(message);
    for (const field of message.fields) visit(field.message);
  };
  for (const { input, output } of methods) for (const message of [input, output]) visit(message);
  return [...found].toSorted((a, b) => (a.typeName < b.typeName ? -1 : 1));
}

function messageSection(message: DescMessage): string {
  const rows = message.fields.map(
    (field) =>
      `<tr><td>${code(field.name)}</td><td>${typeOf(field)}</td><td>${field.number}</td><td>${escaped(
        commentsOf(`${message.typeName}.${field.name}`),
      )}</td></tr>`,
  );
  const table = `<div class="table"><table><thead><tr><th>Field</th><th>Type</th><th>Number</th><th>What it is</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  return `<h3 id="${message.typeName}">${escaped(message.typeName)}</h3>
<p>${escaped(commentsOf(message.typeName))}</p>${rows.length > 0 ? table : ''}`;
}

function typeOf(field: DescField): string {
  const named = field.message?.typeName.startsWith('cnap.') ? link(field.message) : undefined;
  const name = named ?? escaped(field.message?.typeName ?? field.enum?.typeName ?? scalarName(field));
  if (field.fieldKind === 'list') return `repeated ${name}`;
  return field.fieldKind === 'map' ? `map of ${name}` : name;
}

const scalarNames = [
  '', 'double', 'float', 'int64', 'uint64', 'int32', 'fixed64', 'fixed32', 'bool', 'string', '', '', 'bytes', 'uint32',
  '', 'sfixed32', 'sfixed64', 'sint32', 'sint64',
]; // prettier-ignore
const scalarName = (field: DescField): string => scalarNames[field.scalar ?? 0] ?? '';
