import type { CnapClient } from '@cnap/client';
import type { Person, Platform } from '../platform.ts';

/** Sent with the call, so that its entries can be told from all others. */
export type Traced = { headers: { traceparent: string } };

/** A call of a method that changes something, and what must be in the audit log afterwards. */
export type Change = {
  /** `InstallService/CreateInstall`: without its package. */
  method: string;
  by: Person;
  /** The workspace of the call, when it is not the person's own. */
  workspace?: (made: Made) => string;
  /** Waits for what the call needs. */
  when?: (scene: Scene) => Promise<unknown>;
  call(client: CnapClient, traced: Traced, scene: Scene): Promise<unknown>;
  /** Every action of the call, each in the log of these workspaces: the caller's unless told. */
  actions: string[];
  logs?: (scene: Scene) => string[];
};

/** The ids of what earlier calls have made. */
export type Made = Record<string, string>;
export type Scene = { platform: Platform; made: Made };

/** Something that must have been made by now. */
export function idOf(made: Made, name: string): string {
  const id = made[name];
  if (!id) throw new Error(`no ${name} was made`);
  return id;
}
