import { runService } from '@cnap/service';
import { readConfig } from './config.ts';
import { startInstaller } from './service.ts';

await runService('installer', () => startInstaller(readConfig()));
