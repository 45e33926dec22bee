import { malformed } from '../problem.ts';

/** Objects and lists within each other; protobuf libraries stop at 100 messages. */
const maxDepth = 40;

/**
 * Parses JSON. What `JSON.parse` passes over is refused: text that is no UTF-8, keys that come twice in an object,
 * and objects deeper than anything has a use for.
 * @throws RestProblem 400
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('The body is not UTF-8.', 'JSON_INVALID');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not JSON.', 'JSON_INVALID');
  }
  checkKeys(text);
  return value;
}

const quote = 0x22;
const backslash = 0x5c;

/** Walks through text that is known to be JSON. */
function checkKeys(text: string): void {
  // For each open object the keys seen, for each open list undefined.
  const open: (Set<string> | undefined)[] = [];
  let keyExpected = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at);
        if (keyExpected) noteKey(open.at(-1), JSON.parse(text.slice(at, end)) as string);
        keyExpected = false;
        at = end - 1;
        break;
      }
      case 0x7b: // {
        open.push(new Set());
        keyExpected = true;
        break;
      case 0x5b: // [
        open.push(undefined);
        keyExpected = false;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        keyExpected = false;
        break;
      case 0x2c: // ,
        keyExpected = open.at(-1) !== undefined;
        break;
    }
    if (open.length > maxDepth) {
      throw malformed(
        `The body is deeper than ${maxDepth} objects and lists within each other.`,
        'JSON_TOO_DEEP',
      );
    }
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at + 1;
}

function noteKey(keys: Set<string> | undefined, key: string): void {
  if (keys?.has(key) === true) {
    throw malformed(
      `The member ${JSON.stringify(key).slice(0, 100)} comes twice in one object.`,
      'JSON_DUPLICATE_KEY',
      key.slice(0, 100),
    );
  }
  keys?.add(key);
}
