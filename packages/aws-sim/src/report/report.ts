import type { Simulation } from '../server/simulation.ts';
import { tagsMatch } from '../world/fleet.ts';
import type { CallCounts } from './call-tally.ts';
import { targetsOf } from './scope.ts';

/** What the referee saw, counted by the simulator itself. */
export interface AwsSimReport {
  readonly organizationId: string;
  readonly seed: number;
  readonly accounts: number;
  /** Enabled regions of active accounts. */
  readonly targets: number;
  /** All instances of the world, terminated ones too. */
  readonly instances: number;
  /** Running, matched, and listable by the discovery principal's way in. */
  readonly readableInstances: number;
  readonly calls: Record<string, CallCounts>;
  readonly installs: {
    /** How many instances were sent so many commands; `0` counts readable ones only. */
    readonly perInstance: Record<string, number>;
    /** Acceptances for an instance while an earlier one had not ended. */
    readonly whileLive: number;
    /** Acceptances more than 30 simulated seconds after the node became visible. */
    readonly afterJoined: number;
  };
  readonly commands: { readonly sent: number; readonly terminal: number; readonly live: number };
  /** Readable instances whose node is present now. */
  readonly joined: number;
  /** Invocations by how they ended; `live` for those that have not. */
  readonly outcomes: Record<string, number>;
  /** What went unseen: nodes present of instances that are not readable (any more). */
  readonly joinedOutOfScope: number;
  readonly startedAt: string;
  readonly elapsedSimMs: number;
}

interface Scope {
  readonly revision: number;
  readonly targets: number;
  /** `account/region` of all that can be listed. */
  readonly readableTargets: ReadonlySet<string>;
  /** Instances in there that run and match as they were made. */
  readonly wanted: number;
}

const scopes = new WeakMap<Simulation, Scope>();

/** Kept until the world changes. */
function scopeOf(sim: Simulation): Scope {
  const { world } = sim;
  const known = scopes.get(sim);
  if (known?.revision === world.revision) return known;
  let targets = 0;
  let wanted = 0;
  const readableTargets = new Set<string>();
  for (const { account, region, readable } of targetsOf(world)) {
    targets += 1;
    if (!readable) continue;
    readableTargets.add(`${account.id}/${region}`);
    wanted += world.fleet.countWanted(account, region);
  }
  const scope = { revision: world.revision, targets, readableTargets, wanted };
  scopes.set(sim, scope);
  return scope;
}

/** Adds everything up. */
export function writeReport(sim: Simulation): AwsSimReport {
  const { world, commands } = sim;
  const scope = scopeOf(sim);
  const hosts = countHosts(sim, scope.readableTargets);
  const readableInstances = scope.wanted + hosts.wantedChange;
  let live = 0;
  const outcomes: Record<string, number> = {};
  let sent = 0;
  for (const command of commands.all()) {
    if (command.isMembers === true) continue;
    sent += 1;
    if (command.open > 0) live += 1;
    for (const invocation of command.invocations) {
      const key = invocation.end?.details ?? 'live';
      outcomes[key] = (outcomes[key] ?? 0) + 1;
    }
  }
  return {
    organizationId: world.organizationId,
    seed: world.seed,
    accounts: world.accounts.length,
    targets: scope.targets,
    instances: world.fleet.size(),
    readableInstances,
    calls: sim.tally.byApi(),
    installs: {
      perInstance: { 0: Math.max(0, readableInstances - hosts.readableTouched), ...hosts.perInstance },
      whileLive: hosts.whileLive,
      afterJoined: hosts.afterJoined,
    },
    commands: { sent, terminal: sent - live, live },
    joined: hosts.joined,
    outcomes,
    joinedOutOfScope: hosts.joinedOutOfScope,
    startedAt: new Date(sim.clock.startedAtMs).toISOString(),
    elapsedSimMs: Math.round(sim.clock.elapsedSimMs()),
  };
}

interface HostCounts {
  readonly perInstance: Record<string, number>;
  readableTouched: number;
  whileLive: number;
  afterJoined: number;
  joined: number;
  joinedOutOfScope: number;
  /** By how much what happened changed the number of readable instances. */
  wantedChange: number;
}

function countHosts(sim: Simulation, readableTargets: ReadonlySet<string>): HostCounts {
  const { world } = sim;
  const counts: HostCounts = {
    perInstance: {},
    readableTouched: 0,
    whileLive: 0,
    afterJoined: 0,
    joined: 0,
    joinedOutOfScope: 0,
    wantedChange: 0,
  };
  for (const [id, state] of world.hosts.entries()) {
    const made = world.fleet.glance(id);
    if (made === undefined) continue;
    const readable = readableTargets.has(`${made.account.id}/${made.region}`);
    const { state: now, tags } = state.visible;
    const running = now === null ? made.running : now === 'running';
    const matched = tags === null ? made.matched : !made.hidden && tagsMatch(world.matchTags, tags);
    const inScope = readable && running && matched;
    if (readable) counts.wantedChange += Number(running && matched) - Number(made.running && made.matched);
    if (state.accepted > 0) {
      counts.perInstance[state.accepted] = (counts.perInstance[state.accepted] ?? 0) + 1;
      if (inScope) counts.readableTouched += 1;
    }
    counts.whileLive += state.acceptedWhileLive;
    counts.afterJoined += state.acceptedAfterJoined;
    if (state.joinedAtMs === null) continue;
    if (inScope) counts.joined += 1;
    else counts.joinedOutOfScope += 1;
  }
  return counts;
}
