import type { Announcement } from './announcement.ts';
import type { ChargeSeen, InstallSeen, MoneySeen } from './port.ts';

/** Where an order is (domain.md, "Orders and money"). */
export type OrderState =
  | 'open'
  | 'authorized'
  | 'deploying'
  | 'fulfilled'
  | 'suspended'
  | 'ended'
  | 'expired'
  | 'compensating'
  | 'refunded';

export type InstallSleep = 'awake' | 'asleep' | 'unknown';

/** What is wanted of an order. */
export type Wanted = {
  state: OrderState;
  mode: 'free' | 'one-time' | 'subscription';
  hasSession: boolean;
  cancel: 'no' | 'at-once' | 'at-period-end';
  /** The seller wants it refunded in full. */
  refund: boolean;
  createdAt: Date;
  /** When its state was entered. */
  since: Date;
  /** What was announced since then, by {@link announcementKey}. */
  announced: readonly string[];
  /** By when the install must be healthy; set when it is authorised. */
  deadline: Date | undefined;
  /** The installer knows that the install has to go, and whether anything is left of it. */
  installEnd: 'not-asked' | 'going' | 'gone';
  /** What the installer was told last of whether the install sleeps; unknown since the order's state says otherwise. */
  installSleep: InstallSleep;
  /** When it was found that the cluster is forgotten, and the install with it: what is paid beyond that is unused. */
  detachedAt: Date | undefined;
};

/** What was found. */
export type Seen = {
  money: MoneySeen;
  /** Unset before DEPLOYING, when it is over, and while the installer cannot be reached. */
  install?: InstallSeen;
};

/** One step, at most one of which leaves the service: a crash costs one step. */
export type Step =
  | { do: 'enter'; state: OrderState; reason: string; message: string }
  | {
      do: 'expire-session' | 'ensure-install' | 'capture' | 'release' | 'cancel-subscription' | 'end-install';
    }
  | { do: 'hibernate-install' | 'revive-install' }
  /** Decides when what was paid began to be unused. */
  | { do: 'note-detached' }
  | { do: 'cancel-subscription-at-period-end' }
  | { do: 'announce'; what: Announcement }
  /** `amount`: only so much of it. */
  | { do: 'refund'; charge: ChargeSeen; amount?: number }
  | { do: 'wait'; afterMs: number }
  | { do: 'rest' };

export const minute = 60_000;
/** Facts may be lost: what is not at rest looks again by itself. */
export const lookAgainMs = 5 * minute;

export const enter = (state: OrderState, reason: string, message: string): Step => ({
  do: 'enter',
  state,
  reason,
  message,
});
export const wait = (afterMs = lookAgainMs): Step => ({ do: 'wait', afterMs });
