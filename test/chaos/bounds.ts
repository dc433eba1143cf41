/**
 * Whether a roll-out kept its bounds at every moment, replayed from the stream of changes. Nothing of the product's own counts
 * is believed: which hosts are under way, have joined or failed is counted anew, and the bounds follow from the rule alone.
 */
import type { HostChange } from './change-history.ts';
import { type RampBounds, type RampReplay, replayRamp } from './ramp-bound.ts';

/** What a roll-out is bound to: its ramp, the cap of all hosts under way, and these. */
export interface Bounds extends RampBounds {
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
  /** Share of the wave before it that must have joined before its first send, and for how long; 0 for the first wave. Real time. */
  readonly afterJoined: number;
  readonly afterMs: number;
  /** When it was first approved, epoch ms of Redis; null: it needs no approval. `Infinity`: it never was. */
  readonly approvedAtMs: number | null;
}

/** A host as the replay has it. */
interface Host {
  state: string;
  hasJoined: boolean;
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
  /** When so many of it had first joined that the next wave may begin. */
  nextFreeAtMs: number;
}

const UNDER_WAY = new Set(['sending', 'installing', 'installed']);
const NOT_COUNTED = new Set(['none', 'stopped', 'unmatched', 'ineligible', 'gone']);

/** Everything that is counted in a replay. */
interface Replay {
  readonly bounds: Bounds;
  readonly startedAtMs: number;
  readonly hosts: Map<string, Host>;
  readonly waves: readonly Wave[];
  readonly ramp: RampReplay;
  readonly all: { underWay: number; most: number; queued: number };
  readonly repairs: { underWay: number; most: number; begun: number };
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
      nextFreeAtMs: Number.POSITIVE_INFINITY,
    })),
    ramp: replayRamp(bounds),
    all: { underWay: 0, most: 0, queued: 0 },
    repairs: { underWay: 0, most: 0, begun: 0 },
    faults: [],
  };
  for (const commit of history) {
    const [first] = commit;
    // Written without a change of its state, which no bound is about.
    if (first === undefined) continue;
    replay.ramp.noteQuiet(first.atMs, replay.all.queued);
    for (const change of commit) follow(replay, change);
    compare(replay, first.atMs);
  }
  const { faults, waves, ramp, all, repairs } = replay;
  if (faults.length > 0) throw new Error(`bounds exceeded: ${faults.slice(0, 5).join('; ')}`);
  const shown = waves.map(({ bounds: { name, inFlight }, mostUnderWay }) =>
    Number.isFinite(inFlight) ? `${name} ${mostUnderWay} of ${inFlight}` : `${name} ${mostUnderWay}`,
  );
  return `${ramp.touched()} hosts by the ramp, under way at most ${all.most} of ${bounds.capOfAll} (${shown.join(', ')}), ${repairs.begun} repairs (at most ${repairs.most} of ${bounds.repairsInFlight})`;
}

function follow(replay: Replay, change: HostChange): void {
  const { hosts, all } = replay;
  const host = hosts.get(change.host) ?? { state: 'none', hasJoined: false, claim: null };
  hosts.set(change.host, host);
  const wave = waveOf(replay, change);
  if (wave !== undefined) {
    wave.counted += Number(!NOT_COUNTED.has(change.state)) - Number(!NOT_COUNTED.has(host.state));
    wave.joined += Number(change.state === 'joined') - Number(host.state === 'joined');
  }
  all.queued += Number(change.state === 'queued') - Number(host.state === 'queued');
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
  const { repairs, ramp, all } = replay;
  all.underWay += 1;
  if (host.hasJoined) {
    host.claim = 'repair';
    repairs.underWay += 1;
    repairs.begun += 1;
    return;
  }
  host.claim = 'install';
  ramp.take(change);
  const wave = waveOf(replay, change);
  if (wave === undefined) return;
  wave.underWay += 1;
  if (!wave.hasBegun) begin(replay, wave, change.atMs);
}

/** The first send of a wave. */
function begin({ waves, faults, startedAtMs }: Replay, wave: Wave, atMs: number): void {
  wave.hasBegun = true;
  const { approvedAtMs, afterMs, name } = wave.bounds;
  const before = waves[waves.indexOf(wave) - 1];
  const when = `wave ${name} began at ${atMs - startedAtMs} ms,`;
  if (before !== undefined && atMs - before.nextFreeAtMs < afterMs) {
    faults.push(`${when} when too few of the one before it had joined for ${afterMs} ms`);
  }
  if (approvedAtMs !== null && atMs < approvedAtMs) faults.push(`${when} before it was approved`);
}

function release(replay: Replay, host: Host, change: HostChange): void {
  replay.all.underWay -= 1;
  if (host.claim === 'repair') replay.repairs.underWay -= 1;
  else {
    const wave = waveOf(replay, change);
    if (wave !== undefined) wave.underWay -= 1;
    replay.ramp.end(change, host.state);
  }
  host.claim = null;
}

/** After each commit, what is counted against what is allowed. */
function compare({ bounds, startedAtMs, waves, ramp, all, repairs, faults }: Replay, atMs: number): void {
  const when = `at ${atMs - startedAtMs} ms`;
  const ofRamp = ramp.fault();
  if (ofRamp !== null) faults.push(`${when} ${ofRamp}`);
  all.most = Math.max(all.most, all.underWay);
  if (all.underWay > bounds.capOfAll) faults.push(`${all.underWay} hosts were under way ${when}`);
  repairs.most = Math.max(repairs.most, repairs.underWay);
  if (repairs.underWay > bounds.repairsInFlight) faults.push(`${repairs.underWay} repairs ${when}`);
  for (const [n, wave] of waves.entries()) {
    const needed = waves[n + 1]?.bounds.afterJoined ?? 0;
    if (wave.counted > 0 && wave.joined >= needed * wave.counted) {
      wave.nextFreeAtMs = Math.min(wave.nextFreeAtMs, atMs);
    }
    wave.mostUnderWay = Math.max(wave.mostUnderWay, wave.underWay);
    if (wave.underWay > wave.bounds.inFlight) {
      faults.push(`${wave.underWay} hosts of wave ${wave.bounds.name} were under way ${when}`);
    }
  }
}
