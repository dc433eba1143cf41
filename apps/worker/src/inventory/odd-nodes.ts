import type { AccountId, InstanceId, Region } from '@muster/core/organization/ids';
import type { NodeClaim, OddNode, TeleportNode } from '@muster/core/inventory/teleport-port';
import type { HandlerDeps } from '../deps.ts';

/** The odd nodes of one reading of the inventory; see `createOddNodes`. */
export interface OddNodes {
  note(this: void, node: OddNode): void;
  /** Looks up those that were noted since, when they are many. */
  lookUp(): Promise<void>;
  /** Tells of what a complete reading has come to, and takes back what an earlier one told. */
  report(): Promise<void>;
}

type Unlabeled = Extract<OddNode, { kind: 'unlabeled' }>;
type Contradicting = Extract<OddNode, { kind: 'contradicting' }>;

/** Looked up together, and held in memory at once. */
const CHUNK = 1_000;
/** Looked up per reading: a finding counts, and must not cost more than the reading itself. */
const MOST_LOOKED_UP = 20_000;
/** Nodes that a finding names. */
const NAMED = 5;

/**
 * Gathers what an operator should hear of: hosts that are recognized by their cloud metadata alone, nodes that contradict
 * themselves, and nodes too large to be read. Unlabeled nodes matter where Muster has a record of the host; any other
 * EC2 instance is none that a matcher wants. Memory and the length of a finding do not grow with the cluster.
 *
 * @param begunAtMs what has expired by then is offline, and no finding
 */
export function createOddNodes(deps: Pick<HandlerDeps, 'ledger' | 'clock'>, begunAtMs: number): OddNodes {
  const regions = createRegionMemory(deps);
  let pending: Unlabeled[] = [];
  let lookedUp = 0;
  const unlabeled = createTally();
  const contradicting = createTally();
  let oversize = 0;

  async function lookUp(): Promise<void> {
    const batch = pending;
    pending = [];
    lookedUp += batch.length;
    for (const node of await ofKnownHosts(batch, regions, deps)) {
      unlabeled.add(node.accountId, `${node.accountId}/${node.instanceId}`);
    }
  }

  return {
    note(node) {
      if (node.kind === 'oversize') {
        oversize += 1;
      } else if (node.expiresAtMs === null || node.expiresAtMs >= begunAtMs) {
        if (node.kind === 'contradicting') contradicting.add(hostAccount(node), sentenceOf(node));
        else if (lookedUp + pending.length < MOST_LOOKED_UP) pending.push(node);
      }
    },
    async lookUp() {
      if (pending.length >= CHUNK) await lookUp();
    },
    async report() {
      await lookUp();
      await tell(deps, 'node-labels-wrong', unlabeled.count(), {
        message: `${counted(unlabeled.count(), 'host', 'has', 'have')} joined this cluster without the labels teleport.dev/account-id and teleport.dev/instance-id: ${unlabeled.examples(', ')}. Cloud metadata shows that they have joined, and nothing is sent to them.`,
        remedy:
          'They work as they are. To let Teleport’s own discovery recognize them too, set both labels on the hosts (ssh_service.labels in teleport.yaml), and in a custom installer or document that leaves them out.',
      });
      await tell(deps, 'nodes-contradict', contradicting.count(), {
        message: `${counted(contradicting.count(), 'node', 'names', 'name')} more than one host as its own, and no host counts as joined by it: ${contradicting.examples('; ')}.`,
        remedy:
          'Look at the host that the cloud metadata names. Labels that came with a copied image or teleport.yaml are set right there (ssh_service.labels, ssh_service.commands). Labels that name a host of another owner may be meant to keep that host from being enrolled: lock the node until it is explained (tctl lock --server-id=NODE).',
      });
      await tell(deps, 'nodes-unreadable', oversize, {
        message: `${counted(oversize, 'node', 'is', 'are')} larger than 1 MB and left out of the inventory: no host counts as joined by it.`,
        remedy:
          'Find the node with the long labels (tctl get nodes --format=json) and shorten them on its host; all other nodes are read.',
      });
    },
  };
}

async function tell(
  { ledger, clock }: Pick<HandlerDeps, 'ledger' | 'clock'>,
  kind: 'node-labels-wrong' | 'nodes-contradict' | 'nodes-unreadable',
  count: number,
  words: { readonly message: string; readonly remedy: string },
): Promise<void> {
  if (count === 0) await ledger.control.clear(kind, 'all');
  else await ledger.control.raise({ kind, scope: 'all', sinceMs: clock.now(), ...words });
}

/** `1 host has`, `30 hosts have`. */
function counted(count: number, noun: string, verbOfOne: string, verbOfMany: string): string {
  return count === 1 ? `1 ${noun} ${verbOfOne}` : `${count} ${noun}s ${verbOfMany}`;
}

interface Tally {
  add(account: string, example: string): void;
  count(): number;
  examples(separator: string): string;
}

/** Counts, and keeps a few examples, of different accounts where it can: one account with many must not hide the others. */
function createTally(): Tally {
  let count = 0;
  const firsts = new Map<string, string>();
  const others: string[] = [];
  return {
    add(account, example) {
      count += 1;
      if (!firsts.has(account) && firsts.size < NAMED) firsts.set(account, example);
      else if (others.length < NAMED) others.push(example);
    },
    count: () => count,
    examples(separator) {
      const named = [...[...firsts.values()].toSorted(), ...others.toSorted()].slice(0, NAMED);
      return named.join(separator) + (count > named.length ? `${separator}and others` : '');
    },
  };
}

/** The account of the host itself, as far as a node can be believed: metadata takes more to forge than a label. */
function hostAccount({ says }: Contradicting): string {
  return says.at(-1)?.accountId ?? '';
}

function sentenceOf({ nodeId, says }: Contradicting): string {
  return `node ${nodeId}: ${says.map(claimText).join(', ')}`;
}

function claimText({ by, accountId, instanceId }: NodeClaim): string {
  return `its ${by} ${by.endsWith('labels') ? 'say' : 'says'} ${[accountId, instanceId].filter((id) => id !== null).join('/')}`;
}

type RegionMemory = (accountId: AccountId) => Promise<readonly Region[]>;

function createRegionMemory({ ledger }: Pick<HandlerDeps, 'ledger'>): RegionMemory {
  const known = new Map<AccountId, Promise<readonly Region[]>>();
  return (accountId) => {
    const before = known.get(accountId);
    if (before !== undefined) return before;
    const regions = ledger.coverage.account(accountId).then((account) => account?.regions ?? []);
    known.set(accountId, regions);
    return regions;
  };
}

/** Those that run on a host of which there is a record, and that some matcher wants. */
async function ofKnownHosts(
  nodes: readonly Unlabeled[],
  regionsOf: RegionMemory,
  { ledger }: Pick<HandlerDeps, 'ledger'>,
): Promise<readonly TeleportNode[]> {
  const found: TeleportNode[] = [];
  for (const [accountId, list] of Map.groupBy(nodes, (node) => node.accountId)) {
    const byId = new Map<InstanceId, TeleportNode>(list.map((node) => [node.instanceId, node]));
    for (const region of await regionsOf(accountId)) {
      for (const [id, { value }] of await ledger.enrollments.read({ accountId, region }, [...byId.keys()])) {
        const node = byId.get(id);
        if (node !== undefined && value.state !== 'gone' && value.state !== 'unmatched') found.push(node);
      }
    }
  }
  return found;
}
