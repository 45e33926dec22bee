import type { Refusal } from './insist.ts';

/** What there is at the end, as everybody tells it who could know. Plain data: check.ts judges it. */
export type Found = {
  purchases: {
    index: number;
    orderId: string;
    isPaid: boolean;
    isDone: boolean;
    wanted: 'fulfilled' | 'refunded' | 'ended' | 'undone';
    note: string | undefined;
  }[];
  /** What buyers and seller were told, and asked again. */
  refusals: Refusal[];
  orders: {
    id: string;
    state: string;
    reason: string;
    message: string;
    mode: 'one-time' | 'subscription' | 'free';
    installId: string;
    captured: number;
    refunded: number;
  }[];
  /** Deleted ones, too. */
  installs: { id: string; orderId: string; state: string; message: string; namespace: string }[];
  stripe: {
    sessions: {
      id: string;
      orderId: string;
      isComplete: boolean;
      intentId: string;
      subscriptionId: string;
    }[];
    intents: { id: string; status: string }[];
    subscriptions: { id: string; orderId: string; isLive: boolean }[];
    /** `orderId` is empty when nothing says whose it is. */
    charges: { id: string; orderId: string; captured: number; refunded: number }[];
  };
  cluster: {
    namespaces: { name: string; installId: string }[];
    /** Objects without a namespace that belong to installs, by their label or the claim they are bound to. */
    clusterWide: { kind: string; name: string; installId: string; namespace: string }[];
    workloads: { namespace: string; name: string; isReady: boolean }[];
    notes: { namespace: string; note: string }[];
  };
  platform: {
    deadLetters: { service: string; subject: string; resourceId: string; error: string }[];
    failingTasks: { service: string; kind: string; key: string; error: string }[];
    unsentFacts: { service: string; count: number }[];
  };
};
