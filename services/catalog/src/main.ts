import { runService } from '@cnap/service';
import { readConfig } from './config.ts';
import { startCatalog } from './service.ts';

await runService('catalog', () => startCatalog(readConfig()));
