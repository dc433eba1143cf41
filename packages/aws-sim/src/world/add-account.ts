import { unitAt } from './generate-accounts.ts';
import { switchHostManagement, USUAL_HOST_MANAGEMENT_ROLE } from './host-management.ts';
import { accountIdFor } from './identifiers.ts';
import type { Account, RegionStatus } from './model.ts';
import type { World } from './world.ts';
import { readInstances, type WrittenAccount, type WrittenInstance } from './written.ts';

/** Adds a written account with its instances. @throws {Error} the id is taken */
export function addAccount(world: World, written: WrittenAccount, nowMs: number, fresh: boolean): Account {
  const index = world.accounts.length;
  const id = written.id ?? accountIdFor(world.seed, index, (taken) => world.accountsById.has(taken));
  if (world.accountsById.has(id)) throw new Error(`account ${id} is there already`);
  const unit = unitAt(world.tree, world.seed, written.ouPath ?? '');
  const name = written.name ?? `account-${id}`;
  const account: Account = {
    index,
    id,
    name,
    email: written.email ?? `aws+${id}@example.com`,
    joinedAtMs: fresh ? nowMs : nowMs - 90 * 86_400_000,
    joinedMethod: 'CREATED',
    state: written.state ?? 'ACTIVE',
    parentId: unit.id,
    role: written.role ?? 'ok',
    deniedActions: written.deniedActions ?? [],
    deniedRegions: written.deniedRegions ?? [],
    regionOverrides:
      written.regions === undefined
        ? undefined
        : new Map<string, RegionStatus>(Object.entries(written.regions)),
    tags: written.tags ?? {},
    ...(written.hybridNodes === undefined
      ? {}
      : { hybridNodes: new Map(Object.entries(written.hybridNodes)) }),
  };
  for (const region of written.hostManagement ?? []) {
    switchHostManagement(account, region, { role: USUAL_HOST_MANAGEMENT_ROLE, sinceMs: 0 });
  }
  unit.accounts.add(account);
  world.accounts.push(account);
  world.accountsById.set(id, account);
  for (const instance of written.instances ?? []) addInstances(world, account, instance, nowMs, fresh);
  world.revision += 1;
  return account;
}

/** Adds written instances to an account; answers their ids. @throws {Error} an id is taken */
export function addInstances(
  world: World,
  account: Account,
  written: WrittenInstance,
  nowMs: number,
  fresh: boolean,
): string[] {
  if (!world.regions.includes(written.region)) world.regions.push(written.region);
  if (written.id !== undefined && world.fleet.find(written.id) !== undefined) {
    throw new Error(`instance ${written.id} is there already`);
  }
  const slot = world.fleet.slots(account, written.region);
  const specs = readInstances(written, {
    seed: world.seed,
    account,
    slot,
    matchTags: world.matchTags,
    nowMs,
    fresh,
  });
  for (const spec of specs) world.fleet.add(spec);
  world.revision += 1;
  return specs.map((spec) => spec.id);
}
