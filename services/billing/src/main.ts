import { runService } from '@cnap/service';
import { readConfig } from './config.ts';
import { startBilling } from './service.ts';

await runService('billing', () => startBilling(readConfig()));
