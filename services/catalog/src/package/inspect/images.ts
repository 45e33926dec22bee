import { type Manifest, podTemplateOf } from './pod-templates.ts';

/** Every container image, once, in order. */
export function imagesOf(objects: Manifest[]): string[] {
  const images = objects.flatMap((object) => {
    const pods = podTemplateOf(object);
    return pods === undefined
      ? []
      : [...pods.initContainers, ...pods.containers].flatMap(({ image }) => image ?? []);
  });
  return [...new Set(images)].toSorted();
}
