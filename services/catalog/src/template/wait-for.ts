import { WaitFor } from '@cnap/proto/cnap/catalog/v1/template';
import type { WaitForKind } from '../database.ts';

const kinds: Record<WaitForKind, WaitFor> = {
  api_services: WaitFor.API_SERVICES,
  custom_resources: WaitFor.CUSTOM_RESOURCES,
  webhooks: WaitFor.WEBHOOKS,
};

/** In one order, so that the same wish is the same package. */
export const waitForFrom = (wanted: readonly WaitFor[]): WaitForKind[] =>
  (Object.keys(kinds) as WaitForKind[]).filter((kind) => wanted.includes(kinds[kind]));

export const waitForToProto = (stored: readonly WaitForKind[] = []): WaitFor[] =>
  stored.map((kind) => kinds[kind]);
