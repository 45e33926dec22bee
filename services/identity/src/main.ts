import { runService } from '@cnap/service';
import { readConfig } from './config.ts';
import { startIdentity } from './service.ts';

await runService('identity', () => startIdentity(readConfig()));
