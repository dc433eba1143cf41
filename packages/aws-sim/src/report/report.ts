import type { Simulation } from '../server/simulation.ts';
import { findInstance } from '../world/world.ts';
import type { CallCounts } from './call-tally.ts';
import { instancesOf, isWanted, targetsOf } from './scope.ts';

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
  readonly readable: number;
}

const scopes = new WeakMap<Simulation, Scope>();

/** Counting a million instances takes seconds, so the count is kept until the world changes. */
function scopeOf(sim: Simulation): Scope {
  const { world } = sim;
  const known = scopes.get(sim);
  if (known?.revision === world.revision) return known;
  let targets = 0;
  let readable = 0;
  for (const target of targetsOf(world)) {
    targets += 1;
    if (!target.readable) continue;
    for (const instance of instancesOf(world, target.account, target.region)) {
      if (isWanted(world, instance)) readable += 1;
    }
  }
  const scope = { revision: world.revision, targets, readable };
  scopes.set(sim, scope);
  return scope;
}

/** Adds everything up. */
export function writeReport(sim: Simulation): AwsSimReport {
  const { world, commands } = sim;
  const scope = scopeOf(sim);
  const hosts = countHosts(sim);
  let live = 0;
  const outcomes: Record<string, number> = {};
  for (const command of commands.all()) {
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
    readableInstances: scope.readable,
    calls: sim.tally.byApi(),
    installs: {
      perInstance: { 0: Math.max(0, scope.readable - hosts.readableTouched), ...hosts.perInstance },
      whileLive: hosts.whileLive,
      afterJoined: hosts.afterJoined,
    },
    commands: { sent: commands.size(), terminal: commands.size() - live, live },
    joined: hosts.joined,
    outcomes,
    joinedOutOfScope: hosts.joinedOutOfScope,
    startedAt: new Date(sim.clock.startedAtMs).toISOString(),
    elapsedSimMs: Math.round(sim.clock.elapsedSimMs()),
  };
}

function countHosts(sim: Simulation): {
  perInstance: Record<string, number>;
  readableTouched: number;
  whileLive: number;
  afterJoined: number;
  joined: number;
  joinedOutOfScope: number;
} {
  const { world } = sim;
  const readable = new Set<string>();
  for (const target of targetsOf(world)) {
    if (target.readable) readable.add(`${target.account.id}/${target.region}`);
  }
  const perInstance: Record<string, number> = {};
  const sums = { readableTouched: 0, whileLive: 0, afterJoined: 0, joined: 0, joinedOutOfScope: 0 };
  for (const [id, state] of world.hosts.entries()) {
    const instance = findInstance(world, id);
    if (instance === undefined) continue;
    const inScope = readable.has(`${instance.account.id}/${instance.region}`) && isWanted(world, instance);
    if (state.accepted > 0) {
      perInstance[state.accepted] = (perInstance[state.accepted] ?? 0) + 1;
      if (inScope) sums.readableTouched += 1;
    }
    sums.whileLive += state.acceptedWhileLive;
    sums.afterJoined += state.acceptedAfterJoined;
    if (state.joinedAtMs !== null) {
      if (inScope) sums.joined += 1;
      else sums.joinedOutOfScope += 1;
    }
  }
  return { perInstance, ...sums };
}
