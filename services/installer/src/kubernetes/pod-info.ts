// What a cluster tells people about what runs: pods, logs, events.
import type { ObjectRef } from '@cnap/kubernetes';

export type PodInfo = {
  name: string;
  phase: string;
  ready: boolean;
  restarts: number;
  /** By container. */
  restartsOf: Record<string, number>;
  containers: string[];
  message: string;
  createTime: Date;
};

export type LogOptions = {
  pod: string;
  container?: string | undefined;
  tailLines?: number | undefined;
  sinceSeconds?: number | undefined;
  previous?: boolean | undefined;
};

/** What a cluster reports about an object. */
export type EventInfo = {
  uid: string;
  warning: boolean;
  reason: string;
  message: string;
  ref: ObjectRef;
  component: string;
  count: number;
  firstTime: Date;
  lastTime: Date;
};
