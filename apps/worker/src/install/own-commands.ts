import { type Invocation, longestLifeMs, type TargetAccess, usualLifeMs } from '@muster/core/install/command';
import type { BatchId, CommandId, InstanceId } from '@muster/core/organization/ids';
import type { Intent } from '@muster/core/install/intent';
import { isLive } from '@muster/core/install/invocation-result';
import { readMarker } from '@muster/core/install/marker';
import type { HandlerDeps } from '../deps.ts';

/** Added to a command's whole life when looking back: clocks, and SSM's own delay in showing it. */
const LOOK_BACK_MARGIN_MS = 15 * 60_000;
/** From the first key on, until every worker has one. An unsigned command sent after that is not this installation's. */
const KEY_ROLLOUT_MS = 60 * 60_000;

/** Commands of this installation in one target, as far as their markers and the ledger tell. */
export interface OwnCommands {
  /** The newest batch first. Of each, the instances on which its command is the one that counts. */
  readonly batches: ReadonlyMap<BatchId, readonly Invocation[]>;
  /** Commands that name this installation, and that this installation did not send: the last one, and how many. */
  readonly forged: { readonly count: number; readonly last: Invocation } | null;
}

/** An invocation whose marker is one of ours. */
interface Claim {
  readonly invocation: Invocation;
  readonly batchId: BatchId;
  /** Its MAC is right. */
  readonly isProven: boolean;
  /** An intent of the ledger names this very command, or waits for one of this batch. */
  readonly isKnown: boolean;
  readonly isLive: boolean;
}

/**
 * Lists the target's commands of this installation that are live, and those that ended in the last while. It looks under
 * every document: the worker that sent a command may have had another configuration, and only AWS remembers which.
 *
 * @param intents the open ones of the target
 */
export async function listOwnCommands(
  access: TargetAccess,
  intents: readonly Intent[],
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<OwnCommands> {
  const { install, markerKeys: keys } = deps.config;
  const target = { accountId: access.accountId, region: access.region };
  const scope = { installation: deps.installation, keys, target };
  const unsignedUntilMs =
    keys.length === 0
      ? null
      : (await deps.ledger.control.signedSince()) + deps.commands.awsAheadMs() + KEY_ROLLOUT_MS;
  const aheadMs = deps.commands.awsAheadMs();
  const sinceMs = deps.clock.now() + aheadMs - LOOK_BACK_MARGIN_MS;
  const query = { documentName: null, invokedAfterMs: sinceMs - longestLifeMs(install) };
  const known = new Map(intents.map((intent) => [intent.batchId, intent]));
  const forged = new Map<CommandId, Invocation>();
  const claims: Claim[] = [];
  for await (const page of deps.commands.findInvocations(access, query, signal)) {
    for (const invocation of page) {
      const reading = readMarker(scope, invocation, unsignedUntilMs);
      if (reading.kind === 'forged') forged.set(invocation.commandId, invocation);
      if (reading.kind !== 'ours') continue;
      const isLiveNow = isLive(invocation);
      const isRecent = invocation.requestedAtMs >= sinceMs - usualLifeMs(invocation.documentName, install);
      if (!isRecent && !isLiveNow) continue;
      const intent = known.get(reading.batchId);
      const expected = intent?.command?.commandId ?? invocation.commandId;
      const isKnown = intent !== undefined && expected === invocation.commandId;
      claims.push({ invocation, ...reading, isKnown, isLive: isLiveNow });
    }
  }
  const { genuine, copies } = withoutCopies(claims);
  for (const { invocation } of copies) forged.set(invocation.commandId, invocation);
  const open = new Set(intents.flatMap(({ instanceIds }) => instanceIds));
  return { batches: byBatch(oncePerInstance(genuine, open)), forged: summaryOf(forged) };
}

/** A batch is sent by one command. Of several the first is the one: a marker can be copied only once it is there. */
function withoutCopies(claims: readonly Claim[]): {
  readonly genuine: readonly Claim[];
  readonly copies: readonly Claim[];
} {
  const first = new Map<BatchId, Claim>();
  for (const claim of claims) {
    const other = first.get(claim.batchId);
    if (other === undefined || isBefore(claim, other)) first.set(claim.batchId, claim);
  }
  const isGenuine = ({ batchId, invocation }: Claim): boolean =>
    first.get(batchId)?.invocation.commandId === invocation.commandId;
  return { genuine: claims.filter(isGenuine), copies: claims.filter((claim) => !isGenuine(claim)) };
}

function isBefore(a: Claim, b: Claim): boolean {
  if (a.isKnown !== b.isKnown) return a.isKnown;
  if (a.isProven !== b.isProven) return a.isProven;
  return a.invocation.requestedAtMs < b.invocation.requestedAtMs;
}

/**
 * What is proven counts wherever it is live: two on one instance are an alarm. What is not proven counts at most once per
 * instance, and not where another one is known, so that a member account that writes markers by the thousand holds its own
 * hosts, each once.
 */
function oncePerInstance(claims: readonly Claim[], open: ReadonlySet<InstanceId>): readonly Claim[] {
  const taken = new Set<InstanceId>();
  const rank = ({ isKnown, isLive, isProven }: Claim): number =>
    (isKnown ? 4 : 0) + (isLive ? 2 : 0) + (isProven ? 1 : 0);
  const ranked = claims.toSorted(
    (a, b) => rank(b) - rank(a) || b.invocation.requestedAtMs - a.invocation.requestedAtMs,
  );
  return ranked.filter((claim) => {
    const { instanceId } = claim.invocation;
    const isSure = claim.isKnown || (claim.isLive && claim.isProven);
    const isFree = !taken.has(instanceId) && (claim.isProven || !open.has(instanceId));
    if (!isSure && !isFree) return false;
    taken.add(instanceId);
    return true;
  });
}

function byBatch(claims: readonly Claim[]): ReadonlyMap<BatchId, readonly Invocation[]> {
  const batches = new Map<BatchId, Invocation[]>();
  for (const { batchId, invocation } of claims) {
    batches.set(batchId, [...(batches.get(batchId) ?? []), invocation]);
  }
  // The ids of batches are ULIDs.
  return new Map([...batches].toSorted(([a], [b]) => (a < b ? 1 : -1)));
}

function summaryOf(forged: ReadonlyMap<CommandId, Invocation>): OwnCommands['forged'] {
  const [first, ...others] = forged.values();
  if (first === undefined) return null;
  const last = others.reduce((a, b) => (b.requestedAtMs > a.requestedAtMs ? b : a), first);
  return { count: forged.size, last };
}
