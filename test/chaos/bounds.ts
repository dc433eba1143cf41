/**
 * Whether a roll-out kept its bounds at every moment, replayed from the stream of changes. Nothing of the product's own counts
 * is believed: which hosts are under way, have joined or failed is counted anew, and the bounds follow from the rule alone.
 */
import type { HostChange } from './change-history.ts';

/** What a roll-out is bound to. */
export interface Bounds {
  /** The defaults of `muster.rollout.ramp`, and `muster.limits.installs_in_flight`. */
  readonly ramp: { readonly first: number; readonly factor: number; readonly success: number };
  readonly capOfAll: number;
  /** A ramp of which nothing is under way for so long may be over. Real time. */
  readonly quietMs: number;
  /** `muster.repair.in_flight` */
  readonly repairsInFlight: number;
  /** In the order in which they begin. Empty: there are none. */
  readonly waves: readonly WaveBounds[];
}

/** What a wave is bound to. */
export interface WaveBounds {
  readonly name: string;
  /** Null for the wave of all other accounts. */
  readonly accounts: ReadonlySet<string> | null;
  readonly inFlight: number;
  /** Share of the wave before it that must have joined before its first send; 0 for the first wave. */
  readonly afterJoined: number;
  /** When it was first approved, epoch ms; null: it needs no approval. `Infinity`: it never was. */
  readonly approvedAtMs: number | null;
}

/** A host as the replay has it. */
interface Host {
  state: string;
  hasJoined: boolean;
  /** Of the ramp: `ended` hosts need no slot. */
  slot: 'none' | 'open' | 'ended';
  /** What it was claimed for; null while it is not under way by a claim. */
  claim: 'install' | 'repair' | null;
}

interface Wave {
  readonly bounds: WaveBounds;
  counted: number;
  joined: number;
  underWay: number;
  mostUnderWay: number;
  hasBegun: boolean;
  /** Whether so many of it have ever joined that the next wave may begin. */
  isNextFree: boolean;
}

const UNDER_WAY = new Set(['sending', 'installing', 'installed']);
const NOT_COUNTED = new Set(['none', 'stopped', 'unmatched', 'ineligible', 'gone']);
/** With each host that failed a step may be tried again while so many others of it have not ended: see ramp.ts. */
const OPEN_BESIDE_A_FAILURE = 6;

/** Everything that is counted in a replay. */
interface Replay {
  readonly bounds: Bounds;
  readonly startedAtMs: number;
  readonly hosts: Map<string, Host>;
  readonly waves: readonly Wave[];
  readonly ramp: {
    touched: number;
    ended: number;
    failed: number;
    fullest: number;
    /** When a host last ended. */
    endedAtMs: number;
    isOver: boolean;
  };
  readonly repairs: { underWay: number; most: number; all: number };
  readonly faults: string[];
}

/** @returns figures, for people. @throws {Error} what was exceeded, and when */
export function judgeBounds(history: readonly (readonly HostChange[])[], bounds: Bounds): string {
  const replay: Replay = {
    bounds,
    startedAtMs: history[0]?.[0]?.atMs ?? 0,
    hosts: new Map(),
    waves: bounds.waves.map((one) => ({
      bounds: one,
      counted: 0,
      joined: 0,
      underWay: 0,
      mostUnderWay: 0,
      hasBegun: false,
      isNextFree: false,
    })),
    ramp: { touched: 0, ended: 0, failed: 0, fullest: 0, endedAtMs: Number.POSITIVE_INFINITY, isOver: false },
    repairs: { underWay: 0, most: 0, all: 0 },
    faults: [],
  };
  for (const commit of history) {
    for (const change of commit) follow(replay, change);
    compare(replay, commit[0]?.atMs ?? 0);
  }
  const { faults, waves, ramp, repairs } = replay;
  if (faults.length > 0) throw new Error(`bounds exceeded: ${faults.slice(0, 5).join('; ')}`);
  const shown = waves.map(({ bounds: { name, inFlight }, mostUnderWay }) =>
    Number.isFinite(inFlight) ? `${name} ${mostUnderWay} of ${inFlight}` : `${name} ${mostUnderWay}`,
  );
  return `ramp at most ${Math.round(100 * ramp.fullest)} % of its bound, under way at most ${shown.join(', ')}, ${repairs.all} repairs (at most ${repairs.most} of ${bounds.repairsInFlight})`;
}

function follow(replay: Replay, change: HostChange): void {
  const { hosts } = replay;
  const host = hosts.get(change.host) ?? { state: 'none', hasJoined: false, slot: 'none', claim: null };
  hosts.set(change.host, host);
  const wave = waveOf(replay, change);
  if (wave !== undefined) {
    wave.counted += Number(!NOT_COUNTED.has(change.state)) - Number(!NOT_COUNTED.has(host.state));
    wave.joined += Number(change.state === 'joined') - Number(host.state === 'joined');
  }
  if (change.state === 'sending' && host.state !== 'sending') claim(replay, host, change);
  if (host.claim !== null && !UNDER_WAY.has(change.state)) release(replay, host, change);
  if (change.state === 'joined') host.hasJoined = true;
  host.state = change.state;
}

function waveOf({ waves }: Replay, { target }: HostChange): Wave | undefined {
  const account = target.split('.')[0] ?? '';
  return waves.find(({ bounds: { accounts } }) => accounts === null || accounts.has(account));
}

function claim(replay: Replay, host: Host, change: HostChange): void {
  const { repairs, ramp, bounds } = replay;
  if (host.hasJoined) {
    host.claim = 'repair';
    repairs.underWay += 1;
    repairs.all += 1;
    return;
  }
  host.claim = 'install';
  if (host.slot === 'none') {
    host.slot = 'open';
    ramp.isOver ||= ramp.touched === ramp.ended && change.atMs - ramp.endedAtMs >= bounds.quietMs;
    ramp.touched += 1;
  }
  const wave = waveOf(replay, change);
  if (wave === undefined) return;
  wave.underWay += 1;
  if (!wave.hasBegun) begin(replay, wave, change.atMs);
}

/** The first send of a wave. */
function begin({ waves, faults, startedAtMs }: Replay, wave: Wave, atMs: number): void {
  wave.hasBegun = true;
  const { approvedAtMs, name } = wave.bounds;
  const before = waves[waves.indexOf(wave) - 1];
  if (before?.isNextFree === false) {
    faults.push(
      `wave ${name} began at ${atMs - startedAtMs} ms, when too few of the one before it had joined`,
    );
  }
  if (approvedAtMs !== null && atMs < approvedAtMs) {
    faults.push(`wave ${name} began at ${atMs - startedAtMs} ms, before it was approved`);
  }
}

function release(replay: Replay, host: Host, change: HostChange): void {
  if (host.claim === 'repair') replay.repairs.underWay -= 1;
  else {
    const wave = waveOf(replay, change);
    if (wave !== undefined) wave.underWay -= 1;
    endSlot(host, change, replay.ramp);
  }
  host.claim = null;
}

/** After each commit, what is counted against what is allowed. */
function compare({ bounds, startedAtMs, waves, ramp, repairs, faults }: Replay, atMs: number): void {
  const when = `at ${atMs - startedAtMs} ms`;
  const most = ramp.isOver ? Number.POSITIVE_INFINITY : mostTouched(ramp, bounds);
  if (ramp.touched > most) {
    faults.push(
      `${ramp.touched} hosts were touched ${when}, when ${ramp.ended} had ended (${ramp.failed} failed): the ramp allows ${most}`,
    );
  }
  if (Number.isFinite(most)) ramp.fullest = Math.max(ramp.fullest, ramp.touched / most);
  repairs.most = Math.max(repairs.most, repairs.underWay);
  if (repairs.underWay > bounds.repairsInFlight) faults.push(`${repairs.underWay} repairs ${when}`);
  for (const [n, wave] of waves.entries()) {
    const needed = waves[n + 1]?.bounds.afterJoined ?? 0;
    if (wave.counted > 0 && wave.joined >= needed * wave.counted) wave.isNextFree = true;
    wave.mostUnderWay = Math.max(wave.mostUnderWay, wave.underWay);
    if (wave.underWay > wave.bounds.inFlight) {
      faults.push(`${wave.underWay} hosts of wave ${wave.bounds.name} were under way ${when}`);
    }
  }
}

/** A host that joined, or failed after its command ran, has ended; any other end gives its slot back. */
function endSlot(host: Host, { state, cause, atMs }: HostChange, ramp: Replay['ramp']): void {
  if (host.slot !== 'open') return;
  const hasRun = host.state !== 'sending';
  const hasFailed = state === 'failed' && hasRun && cause !== 'ec2-ssm-canceled';
  if (state === 'joined' || hasFailed) {
    host.slot = 'ended';
    ramp.ended += 1;
    ramp.endedAtMs = atMs;
    if (hasFailed) ramp.failed += 1;
  } else {
    host.slot = 'none';
    ramp.touched -= 1;
  }
}

/**
 * The most hosts that may have been touched when so many have ended: those, the present step, and of each step before the
 * share that need not have joined.
 */
function mostTouched(
  { ended, failed }: { readonly ended: number; readonly failed: number },
  { ramp: { first, factor, success }, capOfAll }: Bounds,
): number {
  let [size, done, open] = [first, 0, 0];
  for (;;) {
    const needed = Math.ceil(success * size - 1e-9);
    if (ended < done + needed) break;
    done += needed;
    open += size - needed;
    size *= factor;
    if (size > capOfAll) return Number.POSITIVE_INFINITY;
  }
  return ended + size + open + OPEN_BESIDE_A_FAILURE * failed;
}
