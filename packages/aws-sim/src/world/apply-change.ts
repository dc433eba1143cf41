import { hostJoin } from '../commands/host-membership.ts';
import type { Simulation } from '../server/simulation.ts';
import { addAccount, addInstances } from './add-account.ts';
import type { WorldChange } from './change.ts';
import { unitAt } from './generate-accounts.ts';
import type { Instance } from './host-states.ts';
import type { Account } from './model.ts';
import { findInstance, unitOf } from './world.ts';
import { readSsm } from './written.ts';

/** What came of one change. */
export interface ChangeResult {
  readonly op: string;
  readonly error?: string;
  /** Ids of accounts or instances that were made. */
  readonly ids?: readonly string[];
}

/** Applies changes one after the other; one that cannot be applied does not keep the others from it. */
export async function applyChanges(
  sim: Simulation,
  changes: readonly WorldChange[],
): Promise<ChangeResult[]> {
  const results: ChangeResult[] = [];
  for (const change of changes) {
    try {
      const ids = await applyChange(sim, change);
      results.push(ids === undefined ? { op: change.op } : { op: change.op, ids });
    } catch (error) {
      results.push({ op: change.op, error: error instanceof Error ? error.message : String(error) });
    }
  }
  sim.world.revision += 1;
  return results;
}

function requireInstance(sim: Simulation, id: string): Instance {
  const instance = findInstance(sim.world, id);
  if (instance === undefined) throw new Error(`there is no instance ${id}`);
  return instance;
}

function requireAccount(sim: Simulation, id: string): Account {
  const account = sim.world.accountsById.get(id);
  if (account === undefined) throw new Error(`there is no account ${id}`);
  return account;
}

async function applyChange(sim: Simulation, change: WorldChange): Promise<readonly string[] | undefined> {
  switch (change.op) {
    case 'start-instance':
      return startInstance(sim, requireInstance(sim, change.instanceId));
    case 'stop-instance':
      return stopInstance(sim, requireInstance(sim, change.instanceId), 'stopped');
    case 'terminate-instance':
      return stopInstance(sim, requireInstance(sim, change.instanceId), 'terminated');
    case 'lose-node':
      return loseNode(sim, requireInstance(sim, change.instanceId));
    case 'set-outcome':
    case 'set-ssm':
    case 'set-tags':
      changeHost(sim, change);
      break;
    case 'launch-instances':
      return addInstances(
        sim.world,
        requireAccount(sim, change.accountId),
        change.instance,
        sim.clock.nowMs(),
        true,
      );
    case 'add-account':
      return [addAccount(sim.world, change.account, sim.clock.nowMs(), true).id];
    case 'add-fault':
      sim.faults.add(change.fault, sim.clock.elapsedSimMs());
      break;
    case 'clear-faults':
      sim.faults.clear();
      break;
    case 'set-limits':
      Object.assign(sim.world.limits, change.limits);
      break;
    case 'expire-sessions':
      sim.credentials.expire(change.accountId, sim.clock.nowMs());
      break;
    case 'set-account-state':
    case 'set-account-tags':
    case 'move-account':
    case 'set-role':
    case 'deny-actions':
    case 'deny-regions':
    case 'set-region':
      changeAccount(sim, change, requireAccount(sim, change.accountId));
      break;
  }
  return undefined;
}

function changeHost(
  sim: Simulation,
  change: Extract<WorldChange, { op: 'set-outcome' | 'set-ssm' | 'set-tags' }>,
): void {
  const instance = requireInstance(sim, change.instanceId);
  const state = sim.world.hosts.touch(instance.id);
  if (change.op === 'set-outcome') {
    state.outcomes = Array.isArray(change.outcome) ? change.outcome : [change.outcome];
    state.runs = 0;
  } else if (change.op === 'set-ssm') {
    state.ssm = change.ssm === null ? null : readSsm(change.ssm, instance.platform);
  } else {
    state.tags = change.tags;
  }
}

type AccountChange = Extract<
  WorldChange,
  {
    op:
      | 'set-account-state'
      | 'set-account-tags'
      | 'move-account'
      | 'set-role'
      | 'deny-actions'
      | 'deny-regions'
      | 'set-region';
  }
>;

function changeAccount(sim: Simulation, change: AccountChange, account: Account): void {
  switch (change.op) {
    case 'set-account-state':
      account.state = change.state;
      break;
    case 'set-account-tags':
      account.tags = change.tags;
      break;
    case 'move-account': {
      const unit = unitAt(sim.world.tree, sim.world.seed, change.ouPath);
      unitOf(sim.world, account).accounts.delete(account);
      unit.accounts.add(account);
      account.parentId = unit.id;
      break;
    }
    case 'set-role':
      account.role = change.role;
      break;
    case 'deny-actions':
      account.deniedActions = change.actions;
      break;
    case 'deny-regions':
      account.deniedRegions = change.regions;
      break;
    case 'set-region':
      account.regionOverrides ??= new Map();
      account.regionOverrides.set(change.region, change.status);
  }
}

/** An agent knows its proxy; which address that was makes no difference to the simulated one. */
const ANY_PROXY = 'https://proxy.invalid/';

/** A host that comes up again brings its agent with it. */
async function startInstance(sim: Simulation, instance: Instance): Promise<undefined> {
  if (instance.state === 'terminated') throw new Error(`instance ${instance.id} is terminated`);
  if (instance.state === 'running') return;
  const state = sim.world.hosts.touch(instance.id);
  state.state = 'running';
  state.startedAtMs = sim.clock.nowMs();
  if (!state.installed) return;
  const { world, clock, network } = sim;
  await hostJoin({ world, clock, network }, requireInstance(sim, instance.id), state.joinToken, ANY_PROXY);
}

async function stopInstance(
  sim: Simulation,
  instance: Instance,
  to: 'stopped' | 'terminated',
): Promise<undefined> {
  const state = sim.world.hosts.touch(instance.id);
  if (instance.state === 'terminated') return;
  state.state = to;
  state.locked = false;
  if (to === 'terminated') {
    state.terminatedAtMs = sim.clock.nowMs();
    state.installed = false;
  }
  await loseNode(sim, instance);
}

async function loseNode(sim: Simulation, instance: Instance): Promise<undefined> {
  const state = sim.world.hosts.touch(instance.id);
  if (state.joinedAtMs === null) return;
  state.joinedAtMs = null;
  await sim.network.leave(instance.account.id, instance.id);
}
