import { runService } from '@cnap/service';
import { readConfig } from './config.ts';
import { startClusters } from './service.ts';

await runService('clusters', () => startClusters(readConfig()));
