import { type Cluster, isKubernetesError } from '@cnap/kubernetes';

import type { LogOptions } from './pod-info.ts';

const longestLogBytes = 4 * 1024 * 1024;

/** Lines of a container's log. */
export function podLogs(
  cluster: Cluster,
  namespace: string,
  options: LogOptions,
  signal: AbortSignal,
): Promise<string> {
  return cluster.text('GET', logPath(namespace, options.pod), {
    query: { ...logQuery(options), limitBytes: longestLogBytes },
    accept: '*/*',
    signal,
  });
}

/** A container's log as it is written; ends with the signal or the container. */
export function followLogs(
  cluster: Cluster,
  namespace: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  return cluster.stream(logPath(namespace, options.pod), {
    query: { ...logQuery(options), follow: true },
    accept: '*/*',
    signal,
  });
}

/** The end of a crashed container's log, of its last run when there is one; empty when there is none to be had. */
export async function lastLogLines(
  cluster: Cluster,
  namespace: string,
  pod: string,
  container: string,
  signal: AbortSignal,
): Promise<string> {
  for (const previous of [true, false]) {
    try {
      return await podLogs(cluster, namespace, { pod, container, tailLines: 20, previous }, signal);
    } catch (error) {
      if (!isKubernetesError(error)) throw error;
    }
  }
  return '';
}

function logPath(namespace: string, pod: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
}

function logQuery(options: LogOptions): Record<string, string | number | boolean | undefined> {
  return {
    container: options.container,
    tailLines: options.tailLines,
    sinceSeconds: options.sinceSeconds,
    previous: options.previous ? true : undefined,
  };
}
