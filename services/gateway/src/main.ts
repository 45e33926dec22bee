import { runService } from '@cnap/service';
import { readConfig } from './config.ts';
import { startGateway } from './service.ts';

await runService('gateway', () => startGateway(readConfig()));
