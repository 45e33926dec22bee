// Reading from Git repositories over HTTP, in version 2 of the protocol: https://git-scm.com/docs/protocol-v2
import { DomainError } from '@cnap/errors';
import { sourceLimits } from '@cnap/helm';
import type { Fetcher } from '../fetch/fetch.ts';
import { answerInvalid, delimiter, flush, line, packetsOf, textOf } from './pkt-line.ts';

/** Who asks, and for how long. */
export type Call = {
  signal: AbortSignal;
  authorization: (url: URL) => Promise<string | undefined>;
};

/** A branch, a tag or HEAD, and the commit or tag object that it names. */
export type Ref = { name: string; oid: string };

const maxRefsBytes = 10 * 1024 * 1024;
const protocol = { 'git-protocol': 'version=2' };

/** Refs that begin with one of the prefixes; tags are peeled to what they tag. */
export async function listRefs(
  fetcher: Fetcher,
  repoUrl: string,
  prefixes: string[],
  call: Call,
): Promise<Ref[]> {
  await refuseOldServers(fetcher, repoUrl, call);
  const body = [
    line('command=ls-refs\n'),
    delimiter,
    line('peel\n'),
    ...prefixes.map((prefix) => line(`ref-prefix ${prefix}\n`)),
    flush,
  ].join('');
  const bytes = await post(fetcher, repoUrl, body, maxRefsBytes, call);
  const refs: Ref[] = [];
  for (const packet of packetsOf(bytes)) {
    if (typeof packet === 'string') continue;
    const text = textOf(packet);
    refuseError(text);
    const [oid = '', name = '', ...attributes] = text.split(' ');
    const peeled = attributes.find((one) => one.startsWith('peeled:'))?.slice('peeled:'.length);
    if (/^[0-9a-f]{40}$/.test(peeled ?? oid)) refs.push({ name, oid: peeled ?? oid });
  }
  return refs;
}

/** The pack with one commit and everything in it, without its history. */
export async function fetchPack(
  fetcher: Fetcher,
  repoUrl: string,
  commit: string,
  call: Call,
): Promise<Uint8Array> {
  const body = [
    line('command=fetch'),
    delimiter,
    line('no-progress'),
    line('ofs-delta'),
    line('deepen 1'),
    line(`want ${commit}\n`),
    line('done\n'),
    flush,
  ].join('');
  const bytes = await post(fetcher, repoUrl, body, sourceLimits.maxBytes, call);
  const chunks: Uint8Array[] = [];
  let section = '';
  for (const packet of packetsOf(bytes)) {
    if (typeof packet === 'string') {
      section = '';
    } else if (section === 'packfile') {
      if (packet[0] === 1) chunks.push(packet.subarray(1));
      if (packet[0] === 3) refuseError(`ERR ${textOf(packet.subarray(1))}`);
    } else {
      const text = textOf(packet);
      refuseError(text);
      section ||= text;
    }
  }
  if (chunks.length === 0) throw answerInvalid('holds no pack');
  return Buffer.concat(chunks);
}

async function refuseOldServers(fetcher: Fetcher, repoUrl: string, call: Call): Promise<void> {
  const { bytes } = await fetcher.fetch(`${bare(repoUrl)}/info/refs?service=git-upload-pack`, {
    ...call,
    maxBytes: maxRefsBytes,
    headers: protocol,
  });
  const lines = [...packetsOf(bytes)].flatMap((packet) =>
    typeof packet === 'string' ? [] : [textOf(packet)],
  );
  if (!lines.includes('version 2')) throw answerInvalid('is not in version 2 of the Git protocol');
  const format = lines.find((text) => text.startsWith('object-format='));
  if (format !== undefined && format !== 'object-format=sha1') {
    throw answerInvalid(
      `uses ${format.slice('object-format='.length)} for its objects; only sha1 can be read`,
    );
  }
}

async function post(
  fetcher: Fetcher,
  repoUrl: string,
  body: string,
  maxBytes: number,
  call: Call,
): Promise<Uint8Array> {
  const answer = await fetcher.fetch(`${bare(repoUrl)}/git-upload-pack`, {
    ...call,
    maxBytes,
    body,
    headers: {
      ...protocol,
      'content-type': 'application/x-git-upload-pack-request',
      accept: 'application/x-git-upload-pack-result',
    },
  });
  return answer.bytes;
}

const bare = (repoUrl: string): string => repoUrl.replace(/[?#].*$/, '').replace(/\/+$/, '');

function refuseError(text: string): void {
  if (!text.startsWith('ERR ')) return;
  const why = text.slice(4).trim().slice(0, 300);
  throw new DomainError('failed-precondition', 'GIT_REFUSED', `The repository refuses: ${why}.`);
}
