import { sendAsMember } from '../commands/member-commands.ts';
import type { Simulation } from '../server/simulation.ts';
import { addAccount, addInstances } from './add-account.ts';
import type { WorldChange } from './change.ts';
import { unitAt } from './generate-accounts.ts';
import { switchHostManagement, USUAL_HOST_MANAGEMENT_ROLE } from './host-management.ts';
import type { Instance } from './host-states.ts';
import {
  boot,
  loseAgent,
  loseNode,
  loseNodes,
  restoreAgent,
  restoreNode,
  startInstance,
  takeDown,
  wakeDeliveries,
} from './instance-life.ts';
import { rememberAccount } from './past-accounts.ts';
import type { Account } from './model.ts';
import { findInstance, unitOf } from './world.ts';
import { readSsm, type WrittenAccount } from './written.ts';

/** As long as a command with the default timeout may run. */
const MEMBER_COMMAND_MS = 3_600_000;

/** Result of one change. */
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
    case 'stop-instance':
    case 'terminate-instance':
    case 'lose-node':
    case 'restore-node':
    case 'lose-agent':
    case 'restore-agent':
      await changeLife(sim, change.op, requireInstance(sim, change.instanceId));
      break;
    case 'lose-nodes':
      return loseNodes(sim, change);
    case 'set-outcome':
    case 'set-ssm':
    case 'set-tags':
      changeHost(sim, change);
      break;
    case 'launch-instances': {
      const account = requireAccount(sim, change.accountId);
      return launch(sim, addInstances(sim.world, account, change.instance, sim.clock.nowMs(), true));
    }
    case 'member-commands':
      return sendAsMember(sim, {
        hosts: change.instanceIds.map((id) => requireInstance(sim, id)),
        comment: change.comment,
        times: change.times ?? 1,
        runsForMs: change.runsForMs ?? MEMBER_COMMAND_MS,
      });
    case 'add-account':
      return addNewAccount(sim, change.account);
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
    case 'set-host-management':
      changeAccount(sim, change, requireAccount(sim, change.accountId));
      break;
  }
  return undefined;
}

async function changeLife(
  sim: Simulation,
  op:
    | 'start-instance'
    | 'stop-instance'
    | 'terminate-instance'
    | 'lose-node'
    | 'restore-node'
    | 'lose-agent'
    | 'restore-agent',
  instance: Instance,
): Promise<void> {
  switch (op) {
    case 'start-instance':
      return startInstance(sim, instance);
    case 'stop-instance':
      return takeDown(sim, instance, 'stopped');
    case 'terminate-instance':
      return takeDown(sim, instance, 'terminated');
    case 'lose-node':
      return loseNode(sim, instance);
    case 'restore-node':
      return restoreNode(sim, instance);
    case 'lose-agent':
      return loseAgent(sim, instance);
    case 'restore-agent':
      return restoreAgent(sim, instance);
  }
}

/** New instances boot, those that are to run. */
async function launch(sim: Simulation, ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids) {
    if (findInstance(sim.world, id)?.state === 'running') await boot(sim, id);
  }
  return ids;
}

async function addNewAccount(sim: Simulation, written: WrittenAccount): Promise<readonly string[]> {
  const { world, clock } = sim;
  const account = addAccount(world, written, clock.nowMs(), true);
  for (const region of world.regions) {
    const slots = world.fleet.slots(account, region);
    await launch(
      sim,
      Array.from({ length: slots }, (_, slot) => world.fleet.at(account, region, slot).id),
    );
  }
  return [account.id];
}

function changeHost(
  sim: Simulation,
  change: Extract<WorldChange, { op: 'set-outcome' | 'set-ssm' | 'set-tags' }>,
): void {
  const instance = requireInstance(sim, change.instanceId);
  const { hosts } = sim.world;
  const nowMs = sim.clock.nowMs();
  if (change.op === 'set-outcome') {
    const state = hosts.touch(instance.id);
    state.outcomes = Array.isArray(change.outcome) ? change.outcome : [change.outcome];
    state.runs = 0;
  } else if (change.op === 'set-ssm') {
    const ssm = change.ssm === null ? null : readSsm(change.ssm, instance.platform);
    hosts.change(instance.id, { ssm }, nowMs);
    if (ssm?.pingStatus === 'Online') wakeDeliveries(sim, instance.id);
  } else {
    hosts.change(instance.id, { tags: change.tags }, nowMs);
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
      | 'set-region'
      | 'set-host-management';
  }
>;

function changeAccount(sim: Simulation, change: AccountChange, account: Account): void {
  rememberAccount(account, sim.clock.nowMs());
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
      break;
    case 'set-host-management':
      switchHostManagement(
        account,
        change.region,
        change.on ? { role: USUAL_HOST_MANAGEMENT_ROLE, sinceMs: sim.clock.nowMs() } : null,
      );
  }
}
