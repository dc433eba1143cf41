import { isRegionDenied, memberRoleAllows } from '../iam/authorize.ts';
import type { Account } from '../world/model.ts';
import { instanceNow, type Instance } from '../world/host-states.ts';
import { tagsMatch } from '../world/fleet.ts';
import { isRegionOn, type World } from '../world/world.ts';

/** An account and region that is on in an account in use: what a sweep has to cover. */
export interface Target {
  readonly account: Account;
  readonly region: string;
  /** Whether the discovery principal can list its instances. */
  readonly readable: boolean;
}

/** Whether the member role of an account can be entered and lists regions or instances at all. */
function isEnterable(world: World, account: Account): boolean {
  const lists = ['account:ListRegions', 'ec2:DescribeRegions'].some((api) =>
    memberRoleAllows(world, account, api),
  );
  return account.role === 'ok' && lists && memberRoleAllows(world, account, 'ec2:DescribeInstances');
}

/** All targets of a world. */
export function* targetsOf(world: World): Generator<Target> {
  for (const account of world.accounts) {
    if (account.state !== 'ACTIVE') continue;
    const enterable = isEnterable(world, account);
    for (const region of world.regions) {
      if (!isRegionOn(world, account, region)) continue;
      yield { account, region, readable: enterable && !isRegionDenied(world, account, region) };
    }
  }
}

/** Whether a host is one that matchers with the world's tags are about, and it runs. */
export function isWanted(world: World, instance: Instance): boolean {
  const shown = instance.operator?.hidden !== true;
  return instance.state === 'running' && shown && tagsMatch(world.matchTags, instance.tags);
}

/** All instances of a target as they are now. */
export function* instancesOf(world: World, account: Account, region: string): Generator<Instance> {
  const slots = world.fleet.slots(account, region);
  for (let slot = 0; slot < slots; slot += 1) {
    const spec = world.fleet.at(account, region, slot);
    yield instanceNow(spec, world.hosts.get(spec.id));
  }
}
