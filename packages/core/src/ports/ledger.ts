import type { Account } from '../domain/account.ts';
import type { BrakeRule, BrakeWindow } from '../domain/brake.ts';
import type { Finding, FindingKind, Pause, Scope } from '../domain/control.ts';
import type { BystanderKind, Bystanders } from '../domain/bystander.ts';
import type { Coverage, TargetCounts } from '../domain/coverage.ts';
import type { UnreadTarget } from '../domain/unread-findings.ts';
import type { EnrollmentRecord } from '../domain/enrollment/record.ts';
import type { AccountId, BatchId, InstanceId, Region } from '../domain/ids.ts';
import type { Installation } from '../domain/installation.ts';
import type { Intent } from '../domain/intent.ts';
import type { SealState } from '../domain/seal.ts';
import type { PacedAction } from '../domain/pacing.ts';
import type { SetAside } from '../domain/set-aside.ts';
import type { Target } from '../domain/target.ts';
import type { DueKind } from '../domain/due.ts';
import type { AwsCall } from './aws-call.ts';
import type { ClockLedger } from './clocks.ts';
import type { LabelLedger } from './labels.ts';
import type { TeleportNode } from './teleport.ts';
import type { UnansweredLedger } from './unanswered.ts';
import type { WaitLedger } from './waits.ts';

/** A value with the version it was read at. */
export interface Versioned<T> {
  readonly version: number;
  readonly value: T;
  /** What a record was sealed with (`domain/seal.ts`); absent without. */
  readonly seal?: string | undefined;
}

/** One record to write: only if the stored version is still `expected` (0: there is none). A null value deletes. */
export interface RecordChange {
  readonly instanceId: InstanceId;
  readonly expected: number;
  readonly value: EnrollmentRecord | null;
  /** How the record is sealed that this one comes from: one that was not good does not become good by a change. @default good */
  readonly sealState?: SealState;
}

export interface IntentChange {
  readonly batchId: BatchId;
  readonly expected: number;
  readonly value: Intent | null;
}

/** What the ledger keeps of the last listing of a target's own commands. */
export interface TargetListing {
  /** As it stands. */
  readonly word: string;
  /** Epoch ms since when another listing is due whatever the epoch; null when none is. */
  readonly distrustedSinceMs: number | null;
}

/** Enrollment records and intents, per target. All methods throw `ledger.unavailable` when Redis does not answer. */
export interface EnrollmentLedger {
  /** All records of a target. A record that cannot be parsed is left out and logged; `onUnreadable` tells of it. */
  readAll(
    target: Target,
    onUnreadable?: () => void,
  ): Promise<ReadonlyMap<InstanceId, Versioned<EnrollmentRecord>>>;
  /**
   * Sets aside records and intents that cannot be parsed, so that new ones can take their places. The target's own
   * commands are looked through anew before the next send: what was set aside may have had one.
   *
   * @returns ids of what was set aside
   */
  setAsideUnreadable(target: Target): Promise<readonly string[]>;
  read(
    target: Target,
    ids: readonly InstanceId[],
  ): Promise<ReadonlyMap<InstanceId, Versioned<EnrollmentRecord>>>;
  /** Ids that may be claimed now, the longest waiting first. What is no instance id is left out; `onForeign` tells of it. */
  candidates(
    target: Target,
    nowMs: number,
    limit: number,
    onForeign?: (id: string) => void,
  ): Promise<readonly InstanceId[]>;
  /** Makes the index of candidates agree with the records. @returns those of `ids` that were listed otherwise than their records say */
  mendCandidates(target: Target, ids: readonly string[]): Promise<readonly string[]>;
  /** When the next candidate may be claimed; null when there is none. */
  nextCandidateAt(target: Target): Promise<number | null>;
  /** Ids that must show up in the inventory, with their deadlines. */
  awaitingJoin(
    target: Target,
  ): Promise<readonly { readonly instanceId: InstanceId; readonly deadlineMs: number }[]>;
  intents(target: Target): Promise<readonly Versioned<Intent>[]>;
  intent(target: Target, batchId: BatchId): Promise<Versioned<Intent> | null>;
  /** Writes what is still at the expected version. One word per change, records first; `all`: one stale makes every one stale. */
  write(
    target: Target,
    mode: 'each' | 'all',
    records: readonly RecordChange[],
    intents: readonly IntentChange[],
  ): Promise<readonly ('written' | 'stale')[]>;
  /** Targets that hold at least one record; also those that held one, until they are forgotten. */
  populated(): Promise<readonly Target[]>;
  /** Replaces what is known of a target's instances without records. */
  putBystanders(target: Target, bystanders: Bystanders): Promise<void>;
  /** Of the targets, the one that saw the instance and keeps no record of it, and why; null when none did. */
  findBystander(
    targets: readonly Target[],
    id: InstanceId,
  ): Promise<{ readonly target: Target; readonly kind: BystanderKind } | null>;
  /** Removes what is left of a target without records and intents. False, and nothing happens, while it holds one. */
  forget(target: Target): Promise<boolean>;
  /** Σ over all targets: `states` by state, `causes` by cause. */
  counts(): Promise<{
    readonly states: ReadonlyMap<string, number>;
    readonly causes: ReadonlyMap<string, number>;
  }>;
  /** When the target's own commands were last listed; null when never. */
  lastListing(target: Target): Promise<TargetListing | null>;
  /** They were listed under this epoch. Nothing happens, and false, when `before` no longer stands: they must be listed again. */
  settleListing(target: Target, before: TargetListing | null, epoch: string): Promise<boolean>;
  /** They must be listed again: the ledger of this target is not trusted since `nowMs`. */
  distrust(target: Target, nowMs: number): Promise<void>;
}

/** What is due, and when. The queue's jobs are only hints to do it now. */
export interface DueLedger {
  /** Due at the time given, or earlier if it already was. */
  schedule(
    kind: DueKind,
    entries: readonly { readonly member: string; readonly atMs: number }[],
  ): Promise<void>;
  /** Hands out what is due, once, until the lease ends. */
  lease(kind: DueKind, nowMs: number, leaseMs: number, limit: number): Promise<readonly string[]>;
  /** Begins work on a member: nobody is told of it again before `untilMs`. */
  begin(kind: DueKind, member: string, untilMs: number): Promise<void>;
  /**
   * Ends it: due again at a time, or never (null). What was scheduled meanwhile is due now instead. `untilMs` is the one
   * given to `begin`.
   */
  settle(
    kind: DueKind,
    member: string,
    untilMs: number,
    nextAtMs: number | null,
    nowMs: number,
  ): Promise<void>;
  /** How many members, and how many are due at `nowMs`. */
  size(kind: DueKind, nowMs: number): Promise<{ readonly all: number; readonly due: number }>;
}

/** An account as the ledger knows it. */
export interface KnownAccount {
  readonly account: Account;
  /** Regions in scope, once they are resolved; null before. */
  readonly regions: readonly Region[] | null;
  /** When they were last asked for, also when the account was denied then; null when never. */
  readonly resolvedAtMs: number | null;
}

/** What a target's scan must know before it reads. */
export interface TargetScope extends Pick<KnownAccount, 'account' | 'regions'> {
  /** How the target was last read; null when it is not known. */
  readonly coverage: Coverage | null;
}

/**
 * A target at rest: all its records were as they are when its instances came to this digest, and nothing but another
 * digest, a write of records or the time can change that.
 */
export interface TargetRest {
  /** Of all that a scan sees of the target's instances. */
  readonly digest: string;
  /** When somebody must look closer, although nothing has changed. */
  readonly untilMs: number;
}

/** A reading under way, as it must be known at its end. */
export interface BegunReading {
  /** Epoch ms; not before the start of a sweep, or of a wish for a part of it, whatever the clocks of two machines say. */
  readonly begunAtMs: number;
  /** Since when readings were wanted, as the ledger has it; empty when never. */
  readonly wantedSince: string;
}

/** A scan under way, as `end` wants it back. */
export interface BegunScan extends BegunReading {
  readonly target: Target;
  /** Epoch ms until which the target was put off. */
  readonly untilMs: number;
  /** Null when the target's account is not known. */
  readonly scope: TargetScope | null;
  /** The word of the last write of the target's records; null when there was none. */
  readonly written: string | null;
  /** Null when the target is not at rest: it never was, or records were written since. */
  readonly rest: TargetRest | null;
}

/** The ledger's two ends of a scan, each in one round trip: an unchanged target costs little else. */
export interface ScanLedger {
  /** Puts the target off: nobody is told of it again before `untilMs`. */
  begin(target: Target, untilMs: number, nowMs: number): Promise<BegunScan>;
  /** Puts the target at rest. Means nothing when its records were written since the scan began. */
  putRest(begun: BegunScan, rest: TargetRest): Promise<void>;
  /**
   * Records the reading (null: there was none) and makes the target due again at `nextAtMs`, or never (null); what was
   * scheduled meanwhile is due now instead. A reading of a target that was forgotten meanwhile is dropped, and one that
   * began before the sweep that runs now does not count for it.
   */
  end(begun: BegunScan, coverage: Coverage | null, nextAtMs: number | null, nowMs: number): Promise<void>;
}

export interface SweepView {
  readonly id: string;
  readonly startedAtMs: number;
  /** Null while it runs. */
  readonly finishedAtMs: number | null;
  readonly verdict: 'complete' | 'partial' | 'failed' | null;
  /** `inactive`: suspended, closed or about to be; they have no targets. */
  readonly accounts: { readonly total: number; readonly denied: number; readonly inactive: number };
  readonly targets: TargetCounts;
}

/** Accounts, targets and how they were read. */
export interface CoverageLedger {
  /**
   * Starts a view: everything whose reading begins from now on counts.
   *
   * @returns since when, in the ledger's own time (epoch ms): later than every reading that it has recorded
   */
  startSweep(sweepId: string, nowMs: number): Promise<number>;
  /** The same for whoever waits for a part, without a new view. */
  wantReadings(nowMs: number): Promise<number>;
  /** Begins to read something other than a target. */
  beginReading(nowMs: number): Promise<BegunReading>;
  /** The time by which such a reading counts, for whoever has wanted it before it began only (epoch ms). */
  dateOf(begun: BegunReading): Promise<number>;
  /** The account list of a sweep is complete (`error` null) or failed. Says nothing of a sweep that started meanwhile. */
  endAccountListing(sweepId: string, nowMs: number, error: string | null, inactive: number): Promise<void>;
  /** Null before the first sweep. Marks the sweep finished when it sees that everything was read. */
  sweep(nowMs: number): Promise<SweepView | null>;
  putAccounts(accounts: readonly Account[]): Promise<void>;
  account(accountId: AccountId): Promise<KnownAccount | null>;
  accountIds(): Promise<readonly AccountId[]>;
  /** Regions in scope of at least one account. */
  regions(): Promise<readonly Region[]>;
  /**
   * Sets the regions in scope and makes the targets known; forgets targets of regions no longer in scope, which are returned.
   *
   * @param readAtMs see `dateOf`
   */
  putRegions(accountId: AccountId, regions: readonly Region[], readAtMs: number): Promise<readonly Target[]>;
  /** The account cannot be entered: one target `account/*` stands for it. */
  denyAccount(accountId: AccountId, coverage: Coverage): Promise<void>;
  /** What stands for an account that could not be entered; null when it could. */
  readDenied(accountId: AccountId): Promise<Coverage | null>;
  removeAccount(accountId: AccountId): Promise<readonly Target[]>;
  /** Corrects what is known of a target outside of a scan. Nothing happens when the target was forgotten. */
  put(target: Target, coverage: Coverage): Promise<void>;
  read(target: Target): Promise<Coverage | null>;
  /** Of the last readings, those that did not come to their end: not what was never read, nor regions that are off. */
  unread(): Promise<readonly UnreadTarget[]>;
  /** Drops what lies under names that are no target's and no account's, which nothing of ours writes. @returns those names */
  forgetForeign(): Promise<readonly string[]>;
  /** Everything, for `muster coverage`. The id is a target's, or `ACCOUNT.*`. */
  all(): Promise<readonly { readonly id: string; readonly coverage: Coverage }[]>;
}

/** A host that a command was sent to. */
export interface SentHost {
  readonly instanceId: InstanceId;
  /** See `failedBeforeAtMs`. */
  readonly failedBeforeAtMs: number | null;
}

/** How a host ended: failed, or anything else. */
export interface EndedHost {
  readonly instanceId: InstanceId;
  readonly failed: boolean;
}

/** A cap that had no room for any batch that asked. Durations are by the clock of Redis. */
export interface BlockedCap {
  readonly cap: 'all' | { readonly accountId: AccountId } | { readonly target: Target };
  /** From the first batch that was turned away until now, with none let through in between. */
  readonly forMs: number;
  /** Since the last batch that was turned away: when it is long, no batch waits. */
  readonly quietMs: number;
  /** Instances in flight that it counts. */
  readonly inFlight: number;
}

/** Pauses, hold, caps, brake, findings, epoch: what may stop a send. */
export interface ControlLedger {
  pauses(): Promise<readonly Pause[]>;
  pause(pause: Pause): Promise<void>;
  /** Whether there was one. */
  resume(scope: Scope): Promise<boolean>;
  /** `held` until an operator releases it; `configured` is what a first run starts with. */
  hold(configured: boolean): Promise<'held' | 'released'>;
  releaseHold(): Promise<void>;
  /** Room for `wanted` installs under all caps; how many were granted. */
  reserve(
    target: Target,
    batchId: BatchId,
    wanted: number,
    caps: { readonly all: number; readonly account: number; readonly target: number },
  ): Promise<number>;
  release(target: Target, batchId: BatchId): Promise<void>;
  /**
   * Counts installs that are in flight already, whatever the caps say: for their account and target alone. The command was
   * found in the account, where others can write too.
   */
  adopt(target: Target, batchId: BatchId, instances: number): Promise<void>;
  /** Reservations with their batches, to find those whose batch is gone. */
  reservations(): Promise<
    readonly {
      readonly target: Target;
      readonly batchId: BatchId;
      readonly instances: number;
      /** Counts for its account and target alone. */
      readonly isAdopted: boolean;
    }[]
  >;
  /** Hosts of an account that a command was sent to, in this order; one that is counted already stays where it is. */
  countSent(accountId: AccountId, hosts: readonly SentHost[], rule: BrakeRule, nowMs: number): Promise<void>;
  /**
   * How hosts of an account ended; telling it again changes nothing.
   *
   * @returns windows that may be over: those with a new failure, and the newest when too many of it have failed
   */
  countEnded(
    accountId: AccountId,
    ends: readonly EndedHost[],
    rule: BrakeRule,
    nowMs: number,
  ): Promise<readonly BrakeWindow[]>;
  /** The brake was engaged for this window: what failed since it began counts once more after the reset. */
  markBraked(window: Pick<BrakeWindow, 'scope' | 'beganAtMs'>, nowMs: number): Promise<void>;
  /** The brake of a scope begins anew: what was sent before counts no more. Of `all`: that of every account too. */
  resetBrake(scope: Scope, nowMs: number): Promise<void>;
  raise(finding: Finding): Promise<void>;
  clear(kind: FindingKind, scope: string): Promise<void>;
  /** Which of these kinds stand for the scope. */
  raised<Kind extends FindingKind>(kinds: readonly Kind[], scope: string): Promise<ReadonlySet<Kind>>;
  findings(): Promise<readonly Finding[]>;
  /** Caps that leave no room, as far as batches have asked for some. */
  blockedCaps(): Promise<readonly BlockedCap[]>;
  /** Since when markers are signed, epoch ms of Redis: the time of the first call. */
  signedSince(): Promise<number>;
  /** A word for the configuration that was last worked by; null before the first. */
  workedBy(): Promise<string | null>;
  setWorkedBy(word: string): Promise<void>;
  /** The ledger's own epoch with the server's run id: changes with a flush, a rollback or a failover. */
  epoch(): Promise<string>;
  /** When this epoch was first seen by anybody: `nowMs` for whoever is first. What was sent before it, is older. */
  epochSeenAt(epoch: string, nowMs: number): Promise<number>;
}

export interface InventoryFacts {
  /** Name of the complete snapshot; null before the first. */
  readonly generation: string | null;
  /** When the snapshot's reading began: what joined later may be missing from it. */
  readonly readAtMs: number;
  readonly nodes: number;
  /** Why the last reading failed; null when it did not. */
  readonly error: string | null;
  /** How long the snapshot's reading took; absent where an older release wrote it. */
  readonly tookMs?: number | undefined;
}

/** The node inventory, as the last complete snapshot. */
export interface NodeLedger {
  facts(): Promise<InventoryFacts>;
  /** Writes a snapshot under its generation; it becomes the current one by `publish`. */
  addNodes(generation: string, nodes: readonly TeleportNode[], ttlMs: number): Promise<void>;
  publish(facts: InventoryFacts): Promise<void>;
  /** Deletes a snapshot that is never to be published, by the accounts that it has nodes of. */
  discard(generation: string, accounts: readonly AccountId[]): Promise<void>;
  /** Records that a reading failed; the last snapshot stays. */
  fail(error: string): Promise<void>;
  /** Node ids of those of `ids` that the current snapshot shows. */
  find(accountId: AccountId, ids: readonly InstanceId[]): Promise<ReadonlyMap<InstanceId, string>>;
}

export interface StatisticsLedger {
  addCalls(calls: readonly Pick<AwsCall, 'action' | 'outcome'>[]): Promise<void>;
  addCommandsSent(count: number): Promise<void>;
  read(): Promise<{
    readonly calls: ReadonlyMap<string, number>;
    readonly throttled: ReadonlyMap<string, number>;
    readonly commandsSent: number;
  }>;
}

/** What is known of a call that AWS throttled. */
export interface ThrottleAnswer {
  /** AWS's `Retry-After`; null when it said none. */
  readonly retryAfterMs: number | null;
  /** From the call's leaving to its answer: one that left before the last cut says nothing new. */
  readonly tookMs: number;
}

/** Token buckets per account × region × API, shared by all workers. */
export interface PacingLedger {
  /** For work of many calls: 0 when the call may go, else the ms to wait. */
  take(target: Target, action: PacedAction): Promise<number>;
  /** For work of few calls: waits only where somebody was throttled lately. */
  takeIfKnown(target: Target, action: PacedAction): Promise<number>;
  /**
   * AWS throttled a call: the rate is cut, once for all calls that were under way, and nothing goes before AWS's own wait.
   *
   * @returns ms until the next call may go
   */
  throttled(target: Target, action: PacedAction, answer: ThrottleAnswer): Promise<number>;
}

/** What could not be read, was set aside, and is not made anew yet. */
export interface SetAsideLedger {
  /** Adds records of a target, by their ids. */
  note(target: Target, ids: readonly string[], nowMs: number): Promise<void>;
  all(): Promise<readonly SetAside[]>;
  forget(targets: readonly Target[]): Promise<void>;
}

/** Whose ledger it is: another installation on the same prefix would take this one's records for its own. */
export interface OwnerLedger {
  /** Claims it for `mine` when it has no owner. Null, or why it is another installation's. Safe to call again and again. */
  claim(mine: Installation): Promise<string | null>;
  /** Why it is another installation's; null when it is `mine` or has no owner. Writes nothing. */
  whyForeign(mine: Installation): Promise<string | null>;
}

/** Everything the ledger is, so that a handler can name the parts it needs. */
export interface Ledger {
  readonly enrollments: EnrollmentLedger;
  readonly due: DueLedger;
  readonly coverage: CoverageLedger;
  readonly scans: ScanLedger;
  readonly control: ControlLedger;
  readonly clocks: ClockLedger;
  readonly waits: WaitLedger;
  readonly unanswered: UnansweredLedger;
  readonly owner: OwnerLedger;
  readonly setAside: SetAsideLedger;
  readonly nodes: NodeLedger;
  readonly labels: LabelLedger;
  readonly statistics: StatisticsLedger;
  readonly pacing: PacingLedger;
}
