/**
 * A world that is rolled out as an organization does it: with the ramp that every mass start has, in three waves of which an
 * operator approves the second, with repairs on, and with hosts whose agents die and return.
 */
import { loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { formatFaults } from '@muster/core/config/source/report';
import { isSettled } from '@muster/core/reports/organization-status';
import { readWaves } from '@muster/core/rollout/waves/wave-view';
import { eventually, pause } from '@muster/testing/eventually';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import { type ConfigPart, mergeParts } from '@muster/testing/system-config';
import type { Bounds, WaveBounds } from './bounds.ts';
import { type HostChange, readHistory } from './change-history.ts';

/** A system that is rolled out in waves. */
export interface RollOut {
  readonly system: MusterSystem;
  /** What the roll-out is bound to, as it stands now. */
  bounds(): Bounds;
  /** Whether a wave has begun: nothing keeps its hosts from being sent to but the ramp and the caps. */
  hasBegun(name: string): Promise<boolean>;
  /** Waits until everything has ended, judges that by the referee, and returns every change since the begin. */
  end(withinMs: number): Promise<readonly (readonly HostChange[])[]>;
  /** Teleport's agents of a share of the hosts that have joined die within `withinMs` of simulated time; half of them return. */
  loseAgents(share: number, withinMs: number): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/** Of the accounts that can be read, by their order. */
const FIRST_SHARE = 0.15;
const SECOND_SHARE = 0.6;
/** A hostile world has more hosts that cannot join than the default of 90 % bears. */
const JOINED = 0.8;
/** For how long so many must have joined. Simulated time. */
const JOINED_FOR_MS = 60_000;
const LOOK_MS = 500;
/** A ramp in which no host took a slot for so long while none was queued is over. Simulated time. */
const QUIET_MS = 30 * 60_000;
/** Agents that return do so between these times after they died: before and after their hosts count as lost. */
const AWAY_MS: readonly [number, number] = [60_000, 1_800_000];

/**
 * Starts it, with an operator who approves the second wave whenever it is asked for.
 *
 * @param secondInFlight the cap of the second wave
 */
export async function startRollOut(
  options: Omit<SystemOptions, 'config'> & { readonly config?: ConfigPart; readonly secondInFlight: number },
): Promise<RollOut> {
  const { config: own = {}, secondInFlight, schedulers = 1, workers = 1, ...more } = options;
  const system = await startSystem({ ...more, schedulers: 0, workers: 0 });
  const [first, second] = accountsOfWaves(system);
  const config = mergeParts(own, {
    muster: {
      rollout: {
        waves: [
          { name: 'first', accounts: first },
          {
            name: 'second',
            accounts: second,
            approve: true,
            in_flight: secondInFlight,
            after: { joined: JOINED, for: `${JOINED_FOR_MS}ms` },
          },
          { name: 'rest', after: { wave: 'second', joined: JOINED, for: `${JOINED_FOR_MS}ms` } },
        ],
      },
    },
  });
  system.configure(config);
  const { rollout, limits, repair, speed } = readConfig(system);
  for (let n = 0; n < schedulers; n += 1) system.start('scheduler');
  for (let n = 0; n < workers; n += 1) system.start('worker');

  let approvedAtMs = Number.POSITIVE_INFINITY;
  const over = new AbortController();
  let lastDeathAtMs = 0;
  const died = new Set<string>();
  const operator = (async () => {
    while (!over.signal.aborted) {
      const wave = await readWaves(system.ledger, rollout.waves, Date.now()).catch(() => []);
      if (wave.some(({ waitsFor }) => waitsFor === 'approval')) {
        // The request may not stand yet; the operator sees that, and tries again.
        await system.cli('approve', 'second', '--yes');
        const approval = await system.ledger.approvals.approval('wave:second').catch(() => null);
        approvedAtMs = Math.min(approvedAtMs, approval?.atMs ?? Number.POSITIVE_INFINITY);
      }
      await pause(LOOK_MS);
    }
  })();

  const wave = (name: string, accounts: readonly string[] | null): WaveBounds => ({
    name,
    accounts: accounts === null ? null : new Set(accounts),
    inFlight: name === 'second' ? secondInFlight : Number.POSITIVE_INFINITY,
    afterJoined: name === 'first' ? 0 : JOINED,
    afterMs: JOINED_FOR_MS / speed,
    approvedAtMs: name === 'second' ? approvedAtMs : null,
  });
  return {
    system,
    bounds: () => ({
      ramp: rollout.ramp,
      capOfAll: limits.installsInFlight,
      repairsInFlight: repair.inFlight,
      quietMs: QUIET_MS / speed,
      waves: [wave('first', first), wave('second', second), wave('rest', null)],
    }),
    async hasBegun(name) {
      const views = await readWaves(system.ledger, rollout.waves, Date.now());
      return views.some((view) => view.name === name && view.state === 'begun' && view.hosts > 0);
    },
    async end(withinMs) {
      await ended(system, withinMs, () => Date.now() > lastDeathAtMs);
      const history = await readHistory(system.ledger);
      await allJoined(system, history, died);
      return history;
    },
    async loseAgents(share, withinMs) {
      const [change] = await system.aws.change({
        op: 'lose-nodes',
        share,
        withinMs,
        restoredShare: 0.5,
        restoredAfterMs: [...AWAY_MS],
      });
      lastDeathAtMs = Date.now() + withinMs / (options.speed ?? 40) + 1_000;
      for (const id of change?.ids ?? []) died.add(id);
      return died;
    },
    async close() {
      over.abort();
      await operator;
      await system.close();
    },
  };
}

/** The configuration as the processes read it. */
function readConfig({ configFile, env }: MusterSystem): MusterConfig {
  const read = loadConfig(configFile, env);
  if (!read.ok) throw new Error(formatFaults(read.faults));
  return read.config;
}

/** Accounts of the first wave and of the second, of those that can be read: what cannot holds back every wave after it. */
function accountsOfWaves({ aws }: MusterSystem): readonly [readonly string[], readonly string[]] {
  const ids = aws.world.accounts
    .filter(
      ({ index, role, state, deniedRegions }) =>
        index > 0 && role === 'ok' && state === 'ACTIVE' && deniedRegions.length === 0,
    )
    .map(({ id }) => id);
  const first = Math.max(1, Math.round(FIRST_SHARE * ids.length));
  const second = Math.max(first + 1, Math.round(SECOND_SHARE * ids.length));
  return [ids.slice(0, first), ids.slice(first, second)];
}

/** Waits until all work has ended, no host is lost any more, and the referee agrees. @throws {Error} with what is left */
async function ended(system: MusterSystem, withinMs: number, areDead: () => boolean): Promise<void> {
  await eventually(
    'everything has ended, and every host that is there is known as joined',
    async () => {
      const status = await system.status();
      const { joined = 0, lost = 0 } = status.instances.byState;
      return areDead() && lost === 0 && joined === system.report().joined && isSettled(status, true);
    },
    withinMs,
  ).catch(async (error: unknown) => {
    const { instances, findings, waits, rollout } = await system.status();
    const facts = { instances, findings, waits, rollout, joined: system.report().joined };
    throw new Error(`${error instanceof Error ? error.message : String(error)}: ${JSON.stringify(facts)}`);
  });
  await system.judged();
}

/** A host as the simulator lists it: what tells whether it can join. */
interface ListedHost {
  readonly id: string;
  readonly readable: boolean;
  readonly joined: boolean;
  readonly outcome: { readonly kind: string };
  readonly ssm: { readonly pingStatus: string } | null;
}

/**
 * Every host that would run the installer and join has joined, or cannot be enrolled for a reason told.
 *
 * @param died hosts whose agents died: one that died before an inventory had shown it never joined, as far as Muster can tell
 * @throws {Error} with those that have not, and the way each has come
 */
async function allJoined(
  system: MusterSystem,
  history: readonly (readonly HostChange[])[],
  died: ReadonlySet<string>,
): Promise<void> {
  const answer = await fetch(`${system.aws.url}/_sim/instances?limit=100000`);
  const { instances } = (await answer.json()) as { readonly instances: readonly ListedHost[] };
  const ways = Map.groupBy(history.flat(), ({ host }) => host);
  const left = instances.filter(({ id, readable, joined, outcome, ssm }) => {
    const way = ways.get(id) ?? [];
    const canJoin = readable && outcome.kind === 'joins' && ssm?.pingStatus === 'Online';
    const diedUnseen = died.has(id) && !way.some(({ state }) => state === 'joined');
    return canJoin && !joined && !diedUnseen && way.at(-1)?.state !== 'ineligible';
  });
  if (left.length === 0) return;
  const startedAtMs = history[0]?.[0]?.atMs ?? 0;
  const told = ({ state, cause, atMs }: HostChange): string =>
    `${state}${cause === null ? '' : ` (${cause})`} at ${atMs - startedAtMs} ms`;
  const shown = left.slice(0, 5).map(({ id }) => `${id}: ${(ways.get(id) ?? []).map(told).join(', ')}`);
  throw new Error(`${left.length} hosts have not joined: ${shown.join('; ')}`);
}
