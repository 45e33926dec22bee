import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';

const day = 24 * 3_600 * 1_000;
const inNanoseconds = (ms: number): number => ms * 1_000_000;

/** Where events travel: `subjectPrefix` sets test runs on one server apart. */
export type Naming = { subjectPrefix?: string | undefined };

/** The stream of a service, such as `CNAP_BILLING`. */
export function streamName(service: string, { subjectPrefix }: Naming): string {
  const name = `CNAP_${service.toUpperCase()}`;
  return subjectPrefix === undefined ? name : `${subjectPrefix}_${name}`;
}

/** A subject as it is on the wire. */
export function wireSubject(subject: string, { subjectPrefix }: Naming): string {
  return subjectPrefix === undefined ? subject : `${subjectPrefix}.${subject}`;
}

/**
 * Creates the stream of a service unless it is there: files, 30 days, `replicas` copies. Consumers do it too, so that the
 * order in which services start does not matter.
 */
export async function ensureStream(
  jsm: JetStreamManager,
  service: string,
  naming: Naming & { replicas?: number | undefined },
): Promise<StreamInfo> {
  const name = streamName(service, naming);
  try {
    const info = await jsm.streams.info(name);
    return info.state.num_deleted ? await jsm.streams.info(name, { deleted_details: true }) : info;
  } catch (error) {
    if (!isApiError(error, JetStreamApiCodes.StreamNotFound)) throw error;
  }
  return jsm.streams.add({
    name,
    subjects: [wireSubject(`${service}.v1.>`, naming)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: inNanoseconds(30 * day),
    duplicate_window: inNanoseconds(120_000),
    num_replicas: naming.replicas ?? 1,
  });
}

/** Whether the JetStream API answered with this error. */
export function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
