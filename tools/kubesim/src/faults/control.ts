import { kubeconfigText } from '../access/tokens.ts';
import type { User } from '../access/user.ts';
import type { Exchange } from '../http/exchange.ts';
import { readBody, sendJson, sendText } from '../http/exchange.ts';
import type { Services } from '../http/services.ts';
import { fieldsOf, isFields, listOf, textOf } from '../objects/object.ts';
import { badRequest, pathNotFound } from '../objects/status-error.ts';
import type { Fault } from './faults.ts';
import type { ImageRule } from './pod-behaviour.ts';

const kinds = ['latency', 'error', 'throttle', 'outage', 'black-hole'];
const behaviours = ['never-pulls', 'crashes', 'late'];

/** `/_sim/`: faults, pods' behaviour, tokens. Never subject to faults itself. README.md documents it. */
export async function handleControl(services: Services, exchange: Exchange): Promise<void> {
  const { response, request } = exchange;
  const [, , what = '', id = ''] = exchange.path.split('/');
  const { faults, behaviour, watches, cluster } = services;
  const done = (body: unknown): void => sendJson(response, 200, body);
  switch (`${exchange.method} ${what}`) {
    case 'GET faults':
      return done({ faults: faults.list() });
    case 'POST faults': {
      const fault = fieldsOf(await readBody(request));
      if (!kinds.includes(textOf(fault['kind']))) throw badRequest(`kind must be one of ${kinds.join(', ')}`);
      const added = faults.add(fault as unknown as Omit<Fault, 'id'>);
      if (added.kind === 'outage' && added.match === undefined) watches.drop();
      return done(added);
    }
    case 'DELETE faults':
      if (id && !faults.remove(id)) throw pathNotFound();
      if (!id) faults.clear();
      return done({ faults: faults.list() });
    case 'GET images':
      return done({ images: behaviour.list() });
    case 'POST images': {
      const rule = fieldsOf(await readBody(request));
      if (!rule['pattern'] || !behaviours.includes(textOf(rule['behaviour']))) {
        throw badRequest(`an image rule needs a pattern and a behaviour of ${behaviours.join(', ')}`);
      }
      behaviour.add(rule as unknown as ImageRule);
      return done({ images: behaviour.list() });
    }
    case 'DELETE images':
      behaviour.clear();
      return done({ images: [] });
    case 'POST drop-watches':
      return done({ dropped: watches.drop() });
    case 'POST expire-history':
      cluster.store.forgetHistory();
      return done({ resourceVersion: `${cluster.store.version()}` });
    case 'POST tokens': {
      const body = fieldsOf(await readBody(request));
      if (!isFields(body) || !textOf(body['name'])) throw badRequest('a token needs the name of its user');
      const user: User = {
        name: textOf(body['name']),
        groups: [...listOf(body['groups']).map(textOf), 'system:authenticated'],
        rules: listOf(body['rules']) as NonNullable<User['rules']>,
      };
      const token = services.tokens.mint(user);
      return done({
        token,
        kubeconfig: kubeconfigText(services.url(), token, user.name),
        kubectl_kubeconfig: kubeconfigText(`${services.url()}/_as/${token}`, token, user.name),
      });
    }
    case 'DELETE tokens':
      services.tokens.revoke(id);
      return done({});
    case 'GET state': {
      const objects = Object.fromEntries(cluster.store.keys().map((key) => [key, cluster.store.count(key)]));
      const { rss, heapUsed } = process.memoryUsage();
      return done({
        resourceVersion: `${cluster.store.version()}`,
        watches: watches.count(),
        objects,
        memory: { rss, heapUsed },
      });
    }
    case 'GET kubeconfig':
      return sendText(
        response,
        200,
        kubeconfigText(services.url(), services.tokens.adminToken, 'kubernetes-admin'),
        'application/yaml',
      );
    default:
      throw pathNotFound();
  }
}
