import { hostJoin } from '../commands/host-membership.ts';
import type { Simulation } from '../server/simulation.ts';
import type { WorldChange } from './change.ts';
import { between, hashText, unit } from './hash.ts';
import type { Instance } from './host-states.ts';
import { findInstance } from './world.ts';

/**
 * Instances on their way: pending → running, stopping → stopped, shutting-down → terminated. Each way takes the
 * `transitionMs` of the world; with [0, 0] it is over at once. The agents of Systems Manager and of Teleport are silent
 * from the moment a host goes down and are back when it runs.
 */

/** An agent knows its proxy; which address that was makes no difference to the simulated one. */
const ANY_PROXY = 'https://proxy.invalid/';

/** Starts a stopped instance; one that is stopping starts as soon as it has stopped. @throws {Error} it is gone */
export async function startInstance(sim: Simulation, instance: Instance): Promise<void> {
  const { id, state } = instance;
  if (state === 'terminated' || state === 'shutting-down') throw new Error(`instance ${id} is ${state}`);
  if (state === 'stopping') sim.world.hosts.touch(id).startsAgain = true;
  if (state === 'stopped') await boot(sim, id);
}

/** Sends an instance that was just made, or stopped, through its boot. */
export async function boot(sim: Simulation, id: string): Promise<void> {
  const nowMs = sim.clock.nowMs();
  sim.world.hosts.change(id, { state: 'pending', startedAtMs: nowMs }, nowMs);
  await afterTransition(sim, id, 'pending', () => comeUp(sim, id));
}

async function comeUp(sim: Simulation, id: string): Promise<void> {
  sim.world.hosts.change(id, { state: 'running', agentLostAtMs: null }, sim.clock.nowMs());
  const host = findInstance(sim.world, id);
  if (host !== undefined) await restoreNode(sim, host);
  wakeDeliveries(sim, id);
}

/** The Teleport agent starts, where one is installed, and joins. */
export async function restoreNode(sim: Simulation, instance: Instance): Promise<void> {
  const state = sim.world.hosts.touch(instance.id);
  if (!state.installed || instance.state !== 'running') return;
  const { world, clock, network } = sim;
  await hostJoin({ world, clock, network }, instance, state.joinToken, ANY_PROXY);
}

/** Stops or terminates an instance; nothing happens to one that is on that way already. */
export async function takeDown(
  sim: Simulation,
  instance: Instance,
  to: 'stopped' | 'terminated',
): Promise<void> {
  const { id } = instance;
  const over =
    to === 'stopped'
      ? ['stopping', 'stopped', 'shutting-down', 'terminated']
      : ['shutting-down', 'terminated'];
  const state = sim.world.hosts.touch(id);
  if (to === 'stopped') state.startsAgain = false;
  if (over.includes(instance.state)) return;
  const nowMs = sim.clock.nowMs();
  const agentLostAtMs = instance.agentLostAtMs ?? nowMs;
  const way = to === 'stopped' ? 'stopping' : 'shutting-down';
  sim.world.hosts.change(id, { state: way, agentLostAtMs }, nowMs);
  state.locked = false;
  state.inHand.clear();
  if (to === 'terminated') state.installed = false;
  await loseNode(sim, instance);
  await afterTransition(sim, id, way, async () => {
    const endedAtMs = sim.clock.nowMs();
    const terminatedAtMs = to === 'terminated' ? endedAtMs : null;
    sim.world.hosts.change(id, { state: to, terminatedAtMs }, endedAtMs);
    if (!state.startsAgain || to === 'terminated') return;
    state.startsAgain = false;
    await boot(sim, id);
  });
}

/** The Teleport agent is gone from the cluster; the node expires there. */
export async function loseNode(sim: Simulation, instance: Instance): Promise<void> {
  const state = sim.world.hosts.touch(instance.id);
  if (state.joinedAtMs === null) return;
  state.joinedAtMs = null;
  await sim.network.leave(instance.account.id, instance.id);
}

/** How long an agent that runs again was away, when a change does not say: under an hour. */
const AWAY_MS = [60_000, 3_600_000] as const;

/**
 * Agents of a share of the joined hosts die and return: which, and when, follows from the seed alone.
 *
 * @returns ids of the hosts whose agents die
 */
export function loseNodes(
  sim: Simulation,
  change: Extract<WorldChange, { op: 'lose-nodes' }>,
): readonly string[] {
  const { world, clock } = sim;
  const { share, withinMs, restoredShare = 0, restoredAfterMs: [soonest, latest] = AWAY_MS } = change;
  const draw = (what: string, id: string): number => hashText(world.seed, `${what}/${id}`);
  const dying = [...world.hosts.entries()]
    .filter(([id, { joinedAtMs }]) => joinedAtMs !== null && unit(draw('dies', id)) < share)
    .map(([id]) => id);
  const act = (id: string, doing: (sim: Simulation, host: Instance) => Promise<void>): void => {
    const host = findInstance(world, id);
    if (host?.state !== 'running') return;
    doing(sim, host).catch((error: unknown) => process.stderr.write(`aws-sim: ${id}: ${String(error)}\n`));
  };
  for (const id of dying) {
    const diesInMs = between(draw('dies-in', id), 0, withinMs);
    clock.after(diesInMs, () => act(id, loseNode));
    if (unit(draw('returns', id)) >= restoredShare) continue;
    const awayMs = between(draw('returns-in', id), soonest, latest);
    clock.after(diesInMs + awayMs, () => act(id, restoreNode));
  }
  return dying;
}

/** The agent of Systems Manager falls silent while the host runs on; its ping status follows minutes later. */
export function loseAgent(sim: Simulation, instance: Instance): void {
  if ((instance.agentLostAtMs ?? null) !== null) return;
  const nowMs = sim.clock.nowMs();
  sim.world.hosts.change(instance.id, { agentLostAtMs: nowMs }, nowMs);
}

/** The agent reports again, at once, and takes what waits for it. */
export function restoreAgent(sim: Simulation, instance: Instance): void {
  sim.world.hosts.change(instance.id, { agentLostAtMs: null }, sim.clock.nowMs());
  wakeDeliveries(sim, instance.id);
}

/** Delivers what has waited for an agent that is back. */
export function wakeDeliveries(sim: Simulation, id: string): void {
  const { waiting, queued } = sim.world.hosts.touch(id);
  for (const deliver of [...waiting.splice(0), ...queued.splice(0)]) deliver();
}

/** Goes on when the transition is over, unless the host has gone another way meanwhile. */
async function afterTransition(
  sim: Simulation,
  id: string,
  way: 'pending' | 'stopping' | 'shutting-down',
  goOn: () => Promise<void>,
): Promise<void> {
  const { world, clock } = sim;
  const [shortest, longest] = world.latency.transitionMs;
  const begun = world.hosts.touch(id).visible;
  const waitMs = between(hashText(world.seed, `${way}/${id}`), shortest, longest);
  if (waitMs === 0) return goOn();
  clock.after(waitMs, () => {
    const now = world.hosts.touch(id).visible;
    if (now.state !== way || now.startedAtMs !== begun.startedAtMs) return;
    world.revision += 1;
    goOn().catch((error: unknown) => process.stderr.write(`aws-sim: ${way} ${id}: ${String(error)}\n`));
  });
}
