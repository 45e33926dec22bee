import type { Actor } from '@cnap/telemetry';

/** The attributes of an event as CloudEvents 1.0 in binary mode, by header name. */
export type EventHeaders = Record<string, string>;

/** What the headers of an event say. */
export type EventAttributes = {
  id: string;
  type: string;
  resourceId: string;
  version: number;
  workspaceIds: string[];
  time: Date;
  actor: Actor | undefined;
  traceparent: string | undefined;
};

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/nats-protocol-binding.md */
export function toHeaders(
  event: Omit<EventAttributes, 'time'> & { time: Date; source: string; schema: string },
): EventHeaders {
  const headers: EventHeaders = {
    'ce-specversion': '1.0',
    'ce-id': event.id,
    'ce-type': event.type,
    'ce-source': event.source,
    'ce-subject': event.resourceId,
    'ce-time': event.time.toISOString(),
    'ce-dataschema': event.schema,
    'ce-resourceversion': String(event.version),
    'ce-workspaceids': event.workspaceIds.join(','),
    'content-type': 'application/protobuf',
  };
  if (event.actor !== undefined) headers['ce-actor'] = JSON.stringify(event.actor);
  if (event.traceparent !== undefined) headers['traceparent'] = event.traceparent;
  return headers;
}

/** @throws Error if what every event has is missing */
export function fromHeaders(headers: EventHeaders): EventAttributes {
  const needed = (name: string): string => {
    const value = headers[name];
    if (value === undefined || value === '') throw new Error(`the event has no ${name}`);
    return value;
  };
  const actor = headers['ce-actor'];
  const version = Number(needed('ce-resourceversion'));
  const time = new Date(needed('ce-time'));
  if (!Number.isSafeInteger(version)) throw new Error('the event has no valid ce-resourceversion');
  if (Number.isNaN(time.getTime())) throw new Error('the event has no valid ce-time');
  return {
    id: needed('ce-id'),
    type: needed('ce-type'),
    resourceId: needed('ce-subject'),
    version,
    workspaceIds: headers['ce-workspaceids']?.split(',').filter((id) => id !== '') ?? [],
    time,
    actor: actor === undefined ? undefined : (JSON.parse(actor) as Actor),
    traceparent: headers['traceparent'],
  };
}
