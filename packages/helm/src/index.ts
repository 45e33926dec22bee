export {
  type ArchiveLimits,
  type Files,
  packageLimits,
  readArchive,
  sourceLimits,
  tarHeader,
  writeArchive,
} from './archive.ts';
export {
  type Chart,
  type ChartDependency,
  chartFiles,
  packChart,
  readChart,
  readChartFiles,
} from './chart.ts';
export { ChartFolders } from './chart-folders.ts';
export { type GeneratedField, carryOver, carryOverRelease, generatedFields } from './generated.ts';
export { type Hook, type HookDeletePolicy, type HookEvent, hookOf } from './hook.ts';
export type { ReadApi } from './lookup.ts';
export { type SourcedObject, maxObjects, parseManifests, refuseDuplicates } from './manifests.ts';
export { pinnedChart } from './pinned-chart.ts';
export { type RenderRequest, type Rendered, renderChart } from './render.ts';
export { YamlProblem, readYaml } from './yaml.ts';
export { withLiftedTags } from './tags.ts';
