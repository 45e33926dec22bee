import { rpcServices } from '@cnap/proto';
import { restOperations } from '@cnap/rest';
import { callers, expectationOf, factsOf, type Outcome } from './expectation.ts';

const signs: Record<Outcome, string> = {
  allowed: '✓',
  own: 'own',
  hidden: '404',
  denied: '403',
  unauthenticated: '401',
  absent: '–',
};

/** docs/permissions.md: every RPC, and the REST operation that it is, by every caller. */
export function permissionsDocument(): string {
  const operations = new Map(restOperations(rpcServices).map((operation) => [operation.rpc, operation]));
  const header = ['method', 'over REST', 'who', ...callers];
  const sections = Object.entries(rpcServices).map(([service, descriptors]) => {
    const rows = descriptors
      .flatMap(({ methods }) => methods)
      .map((method) => {
        const facts = factsOf(method);
        const operation = operations.get(method);
        const rest = operation ? `\`${operation.method} ${operation.path}\`` : '';
        const who = facts.rule.access === 'permission' ? `\`${facts.rule.permission}\`` : facts.rule.access;
        const cells = callers.map((caller) => signs[expectationOf(facts, caller)]);
        return [`${method.parent.name}.${method.name}`, rest, who, ...cells];
      });
    const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
    return `## ${service}\n\n${lines.join('\n')}\n`;
  });
  return `${introduction}\n${sections.join('\n')}`;
}

const introduction = `# Who may call what

Generated from the options of the protos (\`permission\`, \`access\`, \`exposure\`) and the roles of \`packages/auth\` by
\`node tools/check-permissions.ts --write\`; a check compares. \`tools/stack/tests/permissions.test.ts\` calls every method
and every REST operation through the public port as every caller.

| sign | what the caller gets |
| --- | --- |
| ✓ | past the door; what is not in the workspace of the call is NOT_FOUND |
| own | past the door, to what is the caller's own, within the token's restriction |
| 404 | the workspace does not exist: NOT_FOUND; over REST 403, or 404 where the path names it |
| 403 | PERMISSION_DENIED |
| 401 | UNAUTHENTICATED |
| – | the public port has no such method |

Viewer, member, admin and owner are roles in the workspace of the call; the stranger has none there. The read-only token
is the owner's; the token of another workspace is the owner's too, and restricted to that one. "Other audience" is a
token of the platform's own that is meant for somebody else.
`;
