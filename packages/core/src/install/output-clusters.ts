import type { Finding } from '../control/findings.ts';
import { causeFacts } from '../enrollment/cause.ts';
import type { AccountId, InstanceId } from '../organization/ids.ts';

/** Hosts that failed with one cause and the same line in their output. */
export interface OutputCluster {
  /** A newer release may know more of them. */
  readonly cause: string;
  /** The line, with `<*>` for what differs; null for the outputs of the cause that are like no other. Untrusted. */
  readonly template: string | null;
  readonly hosts: number;
  readonly accounts: number;
  /** When the first and the last of these attempts ended, epoch ms. */
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
  /** The host whose attempt ended last. */
  readonly example: { readonly accountId: AccountId; readonly instanceId: InstanceId };
}

/** As many hosts with one line are one fault and not many. */
const ONE_FAULT_FROM = 10;

/** One finding per cause, about the line that most of its hosts share. @param clusters most hosts first */
export function findingsOfOutputs(clusters: readonly OutputCluster[]): readonly Finding[] {
  const shared = clusters.filter(({ template, hosts }) => template !== null && hosts >= ONE_FAULT_FROM);
  return [...Map.groupBy(shared, ({ cause }) => cause).values()].flatMap(([first, ...more]) => {
    if (first === undefined) return [];
    const { owner, remedy } = causeFacts(first.cause);
    const others =
      more.length === 0
        ? ''
        : ` ${more.length === 1 ? 'One other line' : `${more.length} other lines`} of this cause ${more.length === 1 ? 'is' : 'are each'} shared by ten hosts or more (muster status).`;
    return [
      {
        kind: 'failing-alike',
        scope: `cause:${first.cause}`,
        sinceMs: first.oldestAtMs,
        message: `${hostsOf(first)} failed alike, with this line in the output: “${first.template ?? ''}”${(first.template ?? '').includes('<*>') ? ' (<*> stands for words that differ)' : ''}.${others}`,
        remedy: `It is one fault, not ${first.hosts}. ${remedy} See one of them: muster explain ${first.example.instanceId}. After the fix, run: muster retry --cause ${first.cause}`,
        owner,
        count: first.accounts,
      } satisfies Finding,
    ];
  });
}

/** `412 hosts in 31 accounts: E: Unable to locate package <*>`. */
export function describeCluster(cluster: Pick<OutputCluster, 'hosts' | 'accounts' | 'template'>): string {
  return `${hostsOf(cluster)}: ${cluster.template ?? 'other lines'}`;
}

function hostsOf({ hosts, accounts }: Pick<OutputCluster, 'hosts' | 'accounts'>): string {
  return `${hosts} host${hosts === 1 ? '' : 's'} in ${accounts} account${accounts === 1 ? '' : 's'}`;
}
