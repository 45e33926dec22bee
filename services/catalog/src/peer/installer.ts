import type { ServiceIdentity } from '@cnap/auth';
import { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { peerClient } from '@cnap/rpc';
import type { ExternalCalls } from '@cnap/service';
import type { InstallUsage, Usage } from './usage-port.ts';

export function installUsage(
  baseUrl: string,
  identity: ServiceIdentity,
  external: ExternalCalls,
): InstallUsage {
  const peer = peerClient(UsageService, { baseUrl, audience: 'installer', identity });
  const usageOf = async (
    subject: { case: 'templateId' | 'productId'; value: string },
    signal: AbortSignal,
  ): Promise<Usage> => {
    const { count, exampleIds } = await external('installer.GetUsage', () =>
      peer.getUsage({ subject }, { signal }),
    );
    return { count, exampleIds };
  };
  return {
    ofTemplate: (value, signal) => usageOf({ case: 'templateId', value }, signal),
    ofProduct: (value, signal) => usageOf({ case: 'productId', value }, signal),
  };
}
