import type { KubeObject } from '../objects/object.ts';
import { badRequest } from '../objects/status-error.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';

export type Behaviour = 'never-pulls' | 'crashes' | 'late';

export interface ImageRule {
  /** a regular expression over the image's whole name */
  pattern: string;
  behaviour: Behaviour;
  /** for `late`: how long until the pod is ready */
  readyAfterMs?: number;
}

/** What pods do by their images. Some tags do what they say without any rule, as on the real control plane's nodes. */
export interface PodBehaviour {
  add(rule: ImageRule): void;
  list(): ImageRule[];
  clear(): void;
  ofImage(image: string): ImageRule | undefined;
  crashes(pod: KubeObject): boolean;
}

const byTag: readonly ImageRule[] = [
  { pattern: ':never-pulls$', behaviour: 'never-pulls' },
  { pattern: ':crashes$', behaviour: 'crashes' },
  { pattern: ':late$', behaviour: 'late', readyAfterMs: 3_000 },
  { pattern: ':never-ready$', behaviour: 'late', readyAfterMs: Number.POSITIVE_INFINITY },
];

/** A pattern that is no regular expression is the caller's mistake, and said at once. */
export function checkPattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

export function createPodBehaviour(): PodBehaviour {
  let rules: ImageRule[] = [];
  const ofImage = (image: string): ImageRule | undefined =>
    [...rules, ...byTag].find(({ pattern }) => new RegExp(pattern).test(image));
  return {
    add(rule) {
      checkPattern(rule.pattern);
      rules.unshift(rule);
    },
    list: () => rules,
    clear: () => void (rules = []),
    ofImage,
    crashes: (pod) =>
      listOf(fieldsOf(pod['spec'])['containers']).some(
        (container) => ofImage(textOf(fieldsOf(container)['image']))?.behaviour === 'crashes',
      ),
  };
}
