import { clusterWide, namespaced, neededPermissions, rbacRules, type Rule } from '@cnap/clusters/permissions';
import { stringify } from 'yaml';

/** docs/cluster-permissions.md: what an import asks for, and why. */
export function clusterPermissionsDocument(): string {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'cnap' },
    rules: rbacRules(neededPermissions(true)),
  };
  return `# What CNAP may do on a cluster

Generated from \`services/clusters/src/kubernetes/permissions.ts\` by \`node tools/check-permissions.ts --write\`; a check
compares. \`tools/stack/tests/kubernetes/least-privilege.test.ts\` sells software on a real control plane with exactly
this, looks into the API server's audit log, and fails when something else was asked for or something of it is idle.

An import (\`ImportCluster\`, \`CheckKubeconfig\`) asks the cluster for each permission by itself, lists those that are
missing, and offers a ClusterRole that grants exactly them; its name says what it grants, so that it replaces none that
was offered earlier. Apply it and bind it to the kubeconfig's user:

\`\`\`sh
kubectl apply -f offered.yaml
kubectl create clusterrolebinding cnap --clusterrole <its name> --serviceaccount <namespace>:<name>
\`\`\`

Permissions hold for all namespaces: every install has one of its own, whose name nobody knows beforehand. Objects that
the platform did not make are never changed or deleted. \`create\` and \`patch\` are both needed for server-side apply;
\`update\` and \`deletecollection\` are never used.

## Always

${table(namespaced)}

## Where installs may bring cluster-wide objects

${table(clusterWide)}

Which kinds charts define themselves is known when they come. Where the kubeconfig's user may not handle a CRD's
resources, the platform makes a ClusterRole \`cnap-crd-<name of the CRD>\` for them and binds it to that user; both go
when no install uses the CRD any more. Resources of kinds that are on the cluster already (\`ServiceMonitor\`,
\`Certificate\`, \`HTTPRoute\`) are not in the offered role: grant them yourself where installs shall bring them. Whether a
package would be stopped by that is found by the fit check, before anybody pays, and named in the placement of its
installs; so is a kind that the cluster lacks, and a cluster-wide object that somebody else has.

Holding \`escalate\` and \`bind\` means holding what can be granted: a cluster where installs may bring cluster-wide objects
trusts its charts with the cluster. Forbid such objects in the cluster's settings where that is not wanted; no permission
of the second table is asked for then, and none is used.

## All of it as one ClusterRole

\`\`\`yaml
${stringify(role).trimEnd()}
\`\`\`
`;
}

function table(rules: readonly Rule[]): string {
  const rows = rules.map(({ group, resources, verbs, why }) => [
    group === '' ? 'core' : group,
    resources.map((resource) => `\`${resource}\``).join(', '),
    verbs.join(', '),
    why,
  ]);
  const header = ['API group', 'resources', 'verbs', 'why'];
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
