import type { DueKind } from '../jobs/catalog.ts';
import type { AccountId } from '../organization/ids.ts';
import { targetId, type Target } from '../organization/target.ts';

/** The hash and the indexes that one atomic write of enrollment records touches. */
export interface TargetKeys {
  /** hash: instance id → `version|state|cause|candidateAt|verifyAt|seal|record JSON`, the seal only with a key. Writer: commit-target.lua. */
  readonly instances: string;
  /** hash: `s:STATE`, `c:CAUSE` and `w:WAVE:STATE` → how many. Writer: commit-target.lua. */
  readonly counts: string;
  /** zset: instance id → epoch ms from which it may be claimed. Writer: commit-target.lua. */
  readonly candidates: string;
  /** zset: instance id → join deadline. Writer: commit-target.lua. */
  readonly verify: string;
  /** hash: batch id → `version|intent JSON`; open intents and live commands only. Writer: commit-target.lua. */
  readonly intents: string;
  /** string: the epoch under which the target's own recent commands were last listed; or `?|epoch ms`: since then they must be listed again. */
  readonly epoch: string;
  /** hash: `record:INSTANCE` or `intent:BATCH` → a text that could not be read; expires after a month. Writer: set-aside.lua. */
  readonly unreadable: string;
  /** hash: instance id → `digest|expiresAtMs` of the labels Teleport was last given. Writer: end-labels.lua. */
  readonly labels: string;
  /** hash: instance id → JSON of labels that wait to be written. */
  readonly labelChanges: string;
  /**
   * hash: what stands for the whole target. `labels`: `digest|refreshAtMs`; `written`: a word that every write of records
   * replaces (commit-target.lua); `rest`: `WRITTEN|digest|untilMs`, see `TargetRest`.
   */
  readonly summary: string;
  /** string: instances that a scan sees and keeps no record of (`writeBystanders`); expires. */
  readonly bystanders: string;
}

/** Every key that the ledger writes. Nothing here expires unless it says so. BullMQ's keys live under `{PREFIX}:queue`. */
export interface Keys {
  readonly target: (target: Target) => TargetKeys;
  /** hash: a token bucket of one target and API; expires when idle. Writer: take-token.lua. */
  readonly bucket: (target: Target, action: string) => string;
  /** hash: target id → JSON of what was set aside of it and is not made anew yet: `SetAside`. */
  readonly setAside: string;
  /** set: ids of targets that hold a record, or held one until they are retired. Writer: commit-target.lua. */
  readonly populated: string;
  /** hash: `s:STATE`, `c:CAUSE` and `w:WAVE:STATE` → how many, over all targets; `?`: to be counted anew. Writer: count-records.lua's functions. */
  readonly counts: string;
  /** zset, every score 0: `FIELD|TARGET`, of the fields of `counts`, while the target holds one. Writer: count-records.lua's functions. */
  readonly countIndex: string;
  /** hash: instance id → target id, of each record. Writer: commit-target.lua. */
  readonly instanceTargets: string;
  /**
   * stream: `v` (schema), `target`, `instances` (JSON, changed states and causes), `touched` (JSON, ids of other records that were
   * written); the last 100,000 writes. Writers: commit-target.lua, set-aside.lua.
   */
  readonly changes: string;
  /** stream: `places`: ids of targets, accounts or `ACCOUNT.*`, joined by commas; the last 10,000 changes of them and of their coverage. */
  readonly placeChanges: string;
  /** zset: member → epoch ms at which it is due. */
  readonly due: (kind: DueKind) => string;
  /** hash: account id → account JSON. */
  readonly accounts: string;
  /** hash: account id → JSON list of its regions in scope, once they were resolved. */
  readonly accountRegions: string;
  /** zset: account id → epoch ms at which its regions were last asked for, with or without success; 0 when never. */
  readonly accountsResolved: string;
  /** hash: target id or `ACCOUNT.*` → coverage JSON. */
  readonly coverage: string;
  /** zset: target id → epoch ms of the last reading, one per status. */
  readonly coverageStatus: (status: string) => string;
  /** hash: the sweep's view: id, startedAtMs, accountsListedAtMs, accountsError, `finishedAtMs:ID`. */
  readonly sweep: string;
  /** list: JSON of the last 50 sweeps as they ended, the newest first. Writer: finish-sweep.lua. */
  readonly endedSweeps: string;
  /** string: JSON of whose the ledger is: `LedgerOwner`. Writer: claim-ledger.lua. */
  readonly owner: string;
  /** Never written: asked for and deleted to see what Redis allows. */
  readonly nothing: string;
  /** string: random word; absent after a flush. */
  readonly epoch: string;
  /** string: epoch ms at which an epoch was first seen. Expires after a day. */
  readonly epochSeen: (epoch: string) => string;
  /** hash: scope → pause JSON. */
  readonly pauses: string;
  /** string: JSON of what was last worked by of the configuration; see the worker's wake-by-config. */
  readonly workedBy: string;
  /**
   * hash: `accepted`, `acceptedId`: the selection that hosts are sent to by; `held`, `heldId`, `heldAtMs`, `countedSinceMs`: one
   * that selects more; `hosts`, `accounts`: what it adds; `mostHosts`, `mostAccounts`: up to how much of that may be sent to.
   * Writers: hold-selection.lua, count-added.lua, bound-held.lua.
   */
  readonly selection: string;
  /** hash: target id → hosts that the held selection adds there. Writer: count-added.lua. */
  readonly addedByTarget: string;
  /** hash: account id → the same. Writer: count-added.lua. */
  readonly addedByAccount: string;
  /** string: `held` or `released`. */
  readonly hold: string;
  /** hash: `wave:NAME` or `change:ID` → JSON of what an operator approved. */
  readonly approvals: string;
  /** hash: `wave:NAME` or `change:ID` → JSON of what waits for an approval. */
  readonly approvalRequests: string;
  /** hash: wave → where it stands, see note-waves.lua; `*` → `digest|since|swept` of the whole list. */
  readonly waves: string;
  /** string: epoch ms since when markers are signed. */
  readonly signedSince: string;
  /** hash: instance id → its place under the caps; `total`, `repair`, `a:ACCOUNT`, `t:TARGET` → sums; `blocked:SUM` → since when and when last it left no room. Writers: places.lua's functions. */
  readonly places: string;
  /** hash: what targets wait for, a sum of the caps, a wave or the inventory → when the last of them looks again, epoch ms. Expires after two hours. Writer: next-turn.lua. */
  readonly turns: string;
  /** hash: a sixtieth of an hour → repairs that were begun in it; `hour` → its length in ms. Expires two hours after the last. Writers: repair-rate.lua's functions. */
  readonly repairRate: string;
  /** hash: ramp id → JSON of what it is about, or `over`; `since`. Writer: move-ramp.lua. */
  readonly ramps: string;
  /** hash: the counts of a ramp that runs: see ramps.lua. */
  readonly ramp: (id: string) => string;
  /** hash: instance id → the step in which it took its slot, or `ended`. Writer: ramps.lua's functions. */
  readonly rampHosts: (id: string) => string;
  /** set: ids of targets whose hosts wait for a slot of the ramp. */
  readonly rampWaiting: (id: string) => string;
  /** hash: what the release before counts under the caps, by batch. Read by that release only; deleted with the intents that it wrote. */
  readonly inFlight: string;
  /**
   * hash: the hosts that the brake counts, of `all` or of an account, in windows. `w:N`: JSON of one; `h:INSTANCE`: the window
   * it is in until it ends. Expires a month after the last send. Writer: count-hosts.lua.
   */
  readonly brake: (scope: string) => string;
  /** stream: `text` (JSON of an entry), `hash` (its SHA-256); the last 50,000. Writer: append-audit.lua. */
  readonly audit: string;
  /** string: id of the audit's entry that tells this already. Expires after a month. */
  readonly auditOnce: (subject: string) => string;
  /** hash: an action, or a plan while `state` is `planned`: see action-store.ts; expires. Writers: plan, move-action.lua. */
  readonly action: (id: string) => string;
  /** list: JSON of each of its steps; expires with it. */
  readonly actionParts: (id: string) => string;
  /** zset: action id → epoch ms at which it began; the newest 1,000, for 30 days. Writer: move-action.lua. */
  readonly actions: string;
  /** string: `ACTION|digest` of what an actor's idempotency key began; expires after 30 days. Writer: move-action.lua. */
  readonly actionKey: (digest: string) => string;
  /** string: the process that writes the audit's export; expires within seconds. Writer: hold-writer.lua. */
  readonly auditWriter: string;
  /** string: id of the last entry of the audit that was exported. Writer: hold-writer.lua. */
  readonly auditExported: string;
  /** hash: finding id → finding JSON. */
  readonly findings: string;
  /** hash: id of a finding (`KIND@SCOPE`) → JSON of its `Mute`. */
  readonly mutes: string;
  /**
   * hash: what channels were told, and what waits for them. `version`; `i:FINDING` → JSON of a `Told`; `c:CHANNEL` → JSON of a
   * `ChannelQueue`. Writer: tell-changes.lua.
   */
  readonly notify: string;
  /** hash: one message for a channel: `json`, a `NotifyBatch`; `attempts`; expires after three days. Writers: tell-changes.lua, and who sends. */
  readonly notifyBatch: (batchId: string) => string;
  /** hash: target id → `reason|since|until`: what keeps its candidates from being sent to. */
  readonly waits: string;
  /** hash: `service/account/region` → `since|last` of calls that AWS does not answer; expires. */
  readonly unanswered: string;
  /**
   * hash, of targets with hosts that SSM does not have: target id → `state|hosts|withoutProfile|askAgainAtMs`; `denied:ACCOUNT` → epoch ms until which its role is not
   * asked; `sum:STATE:…` → sums; `off-since` → epoch ms. Writer: put-host-management.lua, but for `denied:`.
   */
  readonly hostManagement: string;
  /** zset: target id → hosts that Default Host Management Configuration could win, where it is off. Writer: put-host-management.lua. */
  readonly hostManagementOff: string;
  /** hash: cause → JSON of its `OutputTemplate`s, 12 at most. Writer: put-templates.lua. */
  readonly outputTemplates: string;
  /** hash: id of an instance whose output failed → its entry in the index, about 90 bytes; goes with its cause. Writer: outputs.lua's functions. */
  readonly outputHosts: string;
  /** zset, every score 0: `CAUSE/TEMPLATE|MS|ACCOUNT|INSTANCE`. Writer: outputs.lua's functions. */
  readonly outputIndex: string;
  /** hash: `CAUSE/TEMPLATE` → hosts, `CAUSE/TEMPLATE|` → accounts. Writer: outputs.lua's functions. */
  readonly outputSums: string;
  /** hash: `CAUSE/TEMPLATE|ACCOUNT` → hosts. Writer: outputs.lua's functions. */
  readonly outputAccounts: string;
  /** hash: process name → JSON of how its clock stands to Redis's. */
  readonly clocks: string;
  /** hash: `ok:ACTION`, `throttled:ACTION` … → how many calls. */
  readonly awsCalls: string;
  /** hash: start of a bucket (epoch ms) → its JSON, see history-bucket.ts; of the last 48 hours. Writer: keep-history.lua. */
  readonly fineHistory: string;
  /** The same every hour, of the last year. */
  readonly coarseHistory: string;
  /** hash: commandsSent; `joined`: hosts that became joined (commit-target.lua). */
  readonly totals: string;
  /** hash: the inventory's facts: generation, begunAtMs, nodes, error, dropped, tookMs, comparedSinceMs. */
  readonly inventory: string;
  /** string: JSON of Teleport's own Discovery Services at work: `OtherDiscoveries`. */
  readonly otherDiscovery: string;
  /** hash: instance id → node id, in an account, of one generation of the inventory; expires. */
  readonly nodes: (accountId: AccountId, generation: string) => string;
  /** hash: account id → digest of its nodes, in one generation of the inventory, and `accounts`: how many; expires before they do. */
  readonly nodeDigests: (generation: string) => string;
  /** zset: node id → epoch ms at which it was removed from Teleport, of the last hour; expires. Writer: take-removal.lua. */
  readonly removals: string;
  /** hash: account id → JSON of when listings of its whole organization no longer showed it: `LeftAccount`. */
  readonly leftAccounts: string;
  /** set: target ids with labels that wait to be written. */
  readonly labelTargets: string;
  /** string: about how many labels wait, over all targets. */
  readonly labelsWaiting: string;
  readonly report: (reportId: string) => ReportKeys;
  /** string: JSON of a signed-in browser, by the SHA-256 of its secret; expires when the session ends at the latest. Writer: session-store.ts. */
  readonly session: (hash: string) => string;
  /** string: says that the session was not idle; expires with the idle time. Writer: session-store.ts. */
  readonly sessionSeen: (hash: string) => string;
  /** string: JSON of a one-time link, by the SHA-256 of its secret; expires after ten minutes. Writer: link-store.ts. */
  readonly signInLink: (hash: string) => string;
  /** string: JSON of a sign-in that is at the OpenID Connect provider, by the SHA-256 of its `state`; expires after ten minutes. Writer: oidc-flow-store.ts. */
  readonly oidcFlow: (hash: string) => string;
  /** hash: SHA-256 of an API token → JSON of whose it is and what it may do. */
  readonly apiTokens: string;
  /** hash: SHA-256 of an API token → epoch ms of its last use, a minute exact. */
  readonly apiTokensUsed: string;
  /** What the counters of tries to sign in begin with, by what is counted: strings that rate-limiter-flexible writes; each expires with its window. */
  readonly signInTries: (by: string) => string;
}

/** What `muster doctor` and `muster plan` gather. All of it expires an hour after the last write; writer: report-store.ts. */
export interface ReportKeys {
  /** hash: note name → JSON; the note `open` says that the report is open. */
  readonly notes: string;
  /** set: parts that must be answered, answered or not. */
  readonly expected: string;
  /** set: parts that are not answered yet. */
  readonly pending: string;
  /** hash: part → how often a worker began it. */
  readonly begun: string;
  /** list: `{part, result}` JSON, in the order of the answers. */
  readonly results: string;
  /** hash: `ACCOUNT/INSTANCE` → node id. */
  readonly nodes: string;
}

/**
 * The only maker of keys. `prefix` tells installations apart that share a Redis. It stands in braces, a Redis Cluster's hash
 * tag, in front of every key: all keys of an installation lie in one slot, so that one script can touch any of them. A
 * decision is one write, with nothing before or after it that a kill could leave undone. One primary carries that:
 * docs/decisions/0012-one-slot.md.
 */
export function createKeys(prefix: string): Keys {
  const own = keyspace(prefix);
  return {
    target: (target) => {
      const of = `${own}:${targetId(target)}`;
      return {
        instances: `${of}:instances`,
        counts: `${of}:counts`,
        candidates: `${of}:candidates`,
        verify: `${of}:verify`,
        intents: `${of}:intents`,
        epoch: `${of}:epoch`,
        unreadable: `${of}:unreadable`,
        labels: `${of}:labels`,
        labelChanges: `${of}:label-changes`,
        summary: `${of}:summary`,
        bystanders: `${of}:bystanders`,
      };
    },
    bucket: (target, action) => `${own}:${targetId(target)}:bucket:${action}`,
    setAside: `${own}:set-aside`,
    populated: `${own}:populated`,
    counts: `${own}:counts`,
    countIndex: `${own}:count-index`,
    instanceTargets: `${own}:instance-targets`,
    changes: `${own}:changes`,
    placeChanges: `${own}:place-changes`,
    due: (kind) => `${own}:due:${kind}`,
    accounts: `${own}:accounts`,
    accountRegions: `${own}:account-regions`,
    accountsResolved: `${own}:accounts-resolved`,
    coverage: `${own}:coverage`,
    coverageStatus: (status) => `${own}:coverage:${status}`,
    sweep: `${own}:sweep`,
    endedSweeps: `${own}:ended-sweeps`,
    owner: `${own}:owner`,
    nothing: `${own}:nothing`,
    epoch: `${own}:epoch`,
    epochSeen: (epoch) => `${own}:epoch-seen:${epoch}`,
    pauses: `${own}:pauses`,
    workedBy: `${own}:worked-by`,
    selection: `${own}:selection`,
    addedByTarget: `${own}:added-by-target`,
    addedByAccount: `${own}:added-by-account`,
    hold: `${own}:hold`,
    approvals: `${own}:approvals`,
    approvalRequests: `${own}:approval-requests`,
    waves: `${own}:rollout-waves`,
    signedSince: `${own}:signed-since`,
    places: `${own}:places`,
    turns: `${own}:turns`,
    repairRate: `${own}:repair-rate`,
    ramps: `${own}:ramps`,
    ramp: (id) => `${own}:ramp:${id}`,
    rampHosts: (id) => `${own}:ramp-hosts:${id}`,
    rampWaiting: (id) => `${own}:ramp-waiting:${id}`,
    inFlight: `${own}:in-flight`,
    brake: (scope) => `${own}:brake:${scope}`,
    ...operatorKeys(own),
    findings: `${own}:findings`,
    ...toldKeys(own),
    outputTemplates: `${own}:output-templates`,
    outputHosts: `${own}:output-hosts`,
    outputIndex: `${own}:output-index`,
    outputSums: `${own}:output-sums`,
    outputAccounts: `${own}:output-accounts`,
    clocks: `${own}:clocks`,
    unanswered: `${own}:unanswered`,
    hostManagement: `${own}:host-management`,
    hostManagementOff: `${own}:host-management-off`,
    waits: `${own}:waits`,
    awsCalls: `${own}:aws-calls`,
    totals: `${own}:totals`,
    inventory: `${own}:inventory`,
    otherDiscovery: `${own}:other-discovery`,
    nodes: (accountId, generation) => `${own}:nodes:${accountId}:${generation}`,
    nodeDigests: (generation) => `${own}:node-digests:${generation}`,
    removals: `${own}:removals`,
    leftAccounts: `${own}:left-accounts`,
    labelTargets: `${own}:label-targets`,
    labelsWaiting: `${own}:labels-waiting`,
    ...accessKeys(own),
    report: (reportId) => {
      const of = `${own}:report:${reportId}`;
      return {
        notes: `${of}:notes`,
        expected: `${of}:expected`,
        pending: `${of}:pending`,
        begun: `${of}:begun`,
        results: `${of}:results`,
        nodes: `${of}:nodes`,
      };
    },
  };
}

type OperatorKey = 'action' | 'actionParts' | 'actions' | 'actionKey' | `audit${string}`;

/** What operators do, and what is told of it. */
function operatorKeys(own: string): Pick<Keys, Extract<keyof Keys, OperatorKey>> {
  return {
    action: (id) => `${own}:action:${id}`,
    actionParts: (id) => `${own}:action-parts:${id}`,
    actions: `${own}:actions`,
    actionKey: (digest) => `${own}:action-key:${digest}`,
    audit: `${own}:audit`,
    auditOnce: (subject) => `${own}:audit-once:${subject}`,
    auditWriter: `${own}:audit-writer`,
    auditExported: `${own}:audit-exported`,
  };
}

/** Of who may come in: sessions, sign-in and API tokens. */
function accessKeys(
  own: string,
): Pick<
  Keys,
  'session' | 'sessionSeen' | 'signInLink' | 'oidcFlow' | 'apiTokens' | 'apiTokensUsed' | 'signInTries'
> {
  return {
    session: (hash) => `${own}:session:${hash}`,
    sessionSeen: (hash) => `${own}:session-seen:${hash}`,
    signInLink: (hash) => `${own}:sign-in-link:${hash}`,
    oidcFlow: (hash) => `${own}:oidc-flow:${hash}`,
    apiTokens: `${own}:api-tokens`,
    apiTokensUsed: `${own}:api-tokens-used`,
    signInTries: (by) => `${own}:sign-in-tries:${by}`,
  };
}

/** What is told of the ledger: history and notifications. */
function toldKeys(
  own: string,
): Pick<Keys, 'mutes' | 'notify' | 'notifyBatch' | 'fineHistory' | 'coarseHistory'> {
  return {
    mutes: `${own}:mutes`,
    notify: `${own}:notify`,
    notifyBatch: (batchId) => `${own}:notify-batch:${batchId}`,
    fineHistory: `${own}:history:fine`,
    coarseHistory: `${own}:history:coarse`,
  };
}

/**
 * Where release 0.1 kept, under the same prefix, what a ledger of this release takes over from it. Its other keys begin with
 * `PREFIX:{` too.
 */
export function oldKeys(prefix: string) {
  const control = `${prefix}:{control}`;
  return {
    /** As `Keys.owner`, with `takenOver` once nothing is left to take. Written, so that processes of 0.1 end. */
    owner: `${control}:owner`,
    pauses: `${control}:pauses`,
    hold: `${control}:hold`,
    signedSince: `${control}:signed-since`,
    accounts: `${prefix}:{coverage}:accounts`,
  };
}

/** What every key of an installation begins with, BullMQ's too: its prefix as hash tag. */
export function keyspace(prefix: string): string {
  return `{${prefix}}`;
}
