import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExecPodRequestSchema } from '@cnap/proto/cnap/installer/v1/pod_service';

/** One request to the installer. */
export type ShellRequest = MessageInitShape<typeof ExecPodRequestSchema>;

/** What the installer takes at a time. */
const maxInputBytes = 65_536;
const maxSize = 1_000;

/**
 * What a frame of a client asks for: `{"type": "input", "data"}` or `{"type": "resize", "cols", "rows"}`; else what is
 * wrong with it, in words.
 */
export function readFrame(text: string): ShellRequest[] | string {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return 'A frame must be JSON.';
  }
  if (typeof frame !== 'object' || frame === null) return 'A frame must be a JSON object.';
  const { type, data, cols, rows } = frame as Record<string, unknown>;
  switch (type) {
    case 'input':
      return typeof data === 'string' ? inputOf(data) : 'data: must be a string.';
    case 'resize':
      if (!isSize(cols)) return `cols: must be a whole number of 1 to ${maxSize}.`;
      if (!isSize(rows)) return `rows: must be a whole number of 1 to ${maxSize}.`;
      return [{ message: { case: 'size', value: { columns: cols, rows } } }];
    default:
      return 'type: must be "input" or "resize".';
  }
}

const isSize = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxSize;

function inputOf(data: string): ShellRequest[] {
  const bytes = Buffer.from(data);
  const requests: ShellRequest[] = [];
  for (let from = 0; from < bytes.length; from += maxInputBytes) {
    const value = bytes.subarray(from, from + maxInputBytes);
    requests.push({ message: { case: 'input', value } });
  }
  return requests;
}

/** A frame for the client. */
export type ShellFrame =
  | { type: 'output'; data: string }
  | { type: 'error'; message: string }
  | { type: 'close' };
