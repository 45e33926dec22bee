import type { CapacityColumn } from '../database.ts';

/** A permission that installs need on a cluster. */
export type NeededPermission = { group: string; resource: string; verb: string };

/** Why a cluster cannot be used. */
export type Trouble =
  | 'NO_ANSWER'
  | 'CLUSTER_FAILS'
  | 'CREDENTIALS_REFUSED'
  | 'PERMISSIONS_MISSING'
  | 'CERTIFICATE_UNTRUSTED'
  | 'ANOTHER_CLUSTER';

/** What a look at a cluster found; `later`: it is there, and asks to be left alone for a while. */
export type Look =
  | { answered: true; kubernetesVersion: string; capacity?: CapacityColumn }
  | { answered: 'later'; afterMs: number }
  | { answered: false; reason: Trouble; message: string };

/** What the checks of an import found; later ones are left out when one before them fails. */
export type ImportFindings = {
  checks: { name: 'parses' | 'reachable' | 'version' | 'permissions'; reason: string; message: string }[];
  missing: NeededPermission[];
  clusterRoleYaml: string;
  kubernetesVersion: string;
  server: string;
  /** Uid of the namespace kube-system: tells clusters apart. */
  clusterUid: string;
  /** The kubeconfig with the one context that is used. */
  kubeconfig: string;
  capacity: CapacityColumn | undefined;
};

/** Which permissions installs need: with or without cluster-wide objects. */
export type ImportOptions = { context: string; clusterWideObjects: boolean };

/** What this service asks of Kubernetes. */
export type KubernetesPort = {
  /** Runs every check of an import; only a kubeconfig that does not parse throws (KUBECONFIG_INVALID). */
  inspect(kubeconfig: string, options: ImportOptions, signal: AbortSignal): Promise<ImportFindings>;
  /** Looks at a cluster that was imported; throws for nothing but the signal. */
  observe(
    cluster: { id: string; revision: string; uid: string },
    kubeconfig: () => string,
    withCapacity: boolean,
    signal: AbortSignal,
  ): Promise<Look>;
  /** Ends the connection to a cluster that is no longer ours. */
  forget(clusterId: string): Promise<void>;
};
