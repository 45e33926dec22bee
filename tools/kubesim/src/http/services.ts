import type { Authorizer } from '../access/authorizer.ts';
import type { Tokens } from '../access/tokens.ts';
import type { Cluster } from '../api/cluster.ts';
import type { Faults } from '../faults/faults.ts';
import type { PodBehaviour } from '../faults/pod-behaviour.ts';
import type { WatchHub } from './watch.ts';

/** What requests are answered from. */
export interface Services {
  cluster: Cluster;
  authorizer: Authorizer;
  tokens: Tokens;
  watches: WatchHub;
  faults: Faults;
  behaviour: PodBehaviour;
  /** the server's address, for kubeconfigs */
  url: () => string;
}
