import type { KubeObject } from '../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';
import { badRequest } from '../objects/status-error.ts';
import { linesOf } from '../faults/log-lines.ts';
import { parse } from '../storage/store.ts';
import type { Exchange } from './exchange.ts';
import type { ResourcePath } from './path.ts';
import { entryAt } from './resource-request.ts';
import type { Services } from './services.ts';

const followEveryMs = 2_000;

/** `kubectl logs`: lines made from the pod's name and age, the same at every reading. */
export function sendLog(services: Services, path: ResourcePath, exchange: Exchange): void {
  const { query, response } = exchange;
  const pod = parse(entryAt(services, path));
  const container = containerOf(pod, query.get('container'));
  // On no node there is nobody to ask.
  if (!textOf(fieldsOf(pod['spec'])['nodeName'])) return void response.writeHead(204).end();
  refuseWhenWaiting(pod, container, query.get('previous') === 'true');
  const status = listOf(fieldsOf(pod['status'])['containerStatuses'])
    .map(fieldsOf)
    .find((item) => item['name'] === container);
  const started = Date.parse(textOf(fieldsOf(pod['status'])['startTime']));
  const state = fieldsOf(status?.['state']);
  const ended =
    state['terminated'] !== undefined || fieldsOf(state['waiting'])['reason'] === 'CrashLoopBackOff';
  const read = (until: number): { at: number; text: string }[] =>
    linesOf(pod, container, started, until, services.behaviour.crashes(pod), ended);

  const now = services.cluster.now();
  let lines = read(now);
  const seconds = Number(query.get('sinceSeconds') ?? 0);
  const since = seconds > 0 ? now - seconds * 1000 : Date.parse(query.get('sinceTime') ?? '') || 0;
  lines = lines.filter((line) => line.at >= since);
  const tail = query.get('tailLines');
  if (tail !== null) lines = Number(tail) > 0 ? lines.slice(-Number(tail)) : [];
  const withTimes = query.get('timestamps') === 'true';
  const print = (line: { at: number; text: string }): string =>
    withTimes ? `${new Date(line.at).toISOString()} ${line.text}\n` : `${line.text}\n`;
  let text = lines.map(print).join('');
  const limit = Number(query.get('limitBytes') ?? 0);
  if (limit > 0) text = text.slice(0, limit);
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.write(text);
  if (query.get('follow') !== 'true' || ended) {
    response.end();
    return;
  }
  let last = now;
  const timer = setInterval(() => {
    const until = services.cluster.now();
    response.write(
      read(until)
        .filter((line) => line.at > last)
        .map(print)
        .join(''),
    );
    last = until;
    if (!services.cluster.store.get('pods', path.namespace, path.name)) response.end();
  }, followEveryMs);
  response.on('close', () => clearInterval(timer));
}

function containerOf(pod: KubeObject, asked: string | null): string {
  const spec = fieldsOf(pod['spec']);
  const names = listOf(spec['containers']).map((item) => textOf(fieldsOf(item)['name']));
  const all = [...names, ...listOf(spec['initContainers']).map((item) => textOf(fieldsOf(item)['name']))];
  if (asked) {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  const [only] = names;
  if (names.length === 1 && only) return only;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`,
  );
}

function refuseWhenWaiting(pod: KubeObject, container: string, previous: boolean): void {
  const statuses = [
    ...listOf(fieldsOf(pod['status'])['containerStatuses']),
    ...listOf(fieldsOf(pod['status'])['initContainerStatuses']),
  ];
  const status = statuses.map(fieldsOf).find((item) => item['name'] === container);
  const place = `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.metadata.name)}`;
  const waiting = textOf(fieldsOf(fieldsOf(status?.['state'])['waiting'])['reason']);
  if (waiting === 'ImagePullBackOff' || waiting === 'ErrImagePull') {
    throw badRequest(`${place} is waiting to start: trying and failing to pull image`);
  }
  if (!status || (waiting && waiting !== 'CrashLoopBackOff')) {
    throw badRequest(`${place} is waiting to start: ${waiting || 'ContainerCreating'}`);
  }
  if (previous && Number(status['restartCount'] ?? 0) === 0) {
    throw badRequest(`previous terminated ${place} not found`);
  }
}
