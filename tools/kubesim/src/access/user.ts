export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

export interface User {
  name: string;
  groups: string[];
  /** rules of a minted token, granted beside those of RBAC objects; `namespace` absent: everywhere */
  rules?: (PolicyRule & { namespace?: string })[];
  /** for service accounts: where the account is, which must still be there */
  serviceAccount?: { namespace: string; name: string };
}

export const admin: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

/** What one request wants to do. */
export interface Attributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** for what is no resource: `/healthz` */
  path?: string | undefined;
}
