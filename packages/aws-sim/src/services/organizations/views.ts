import type { Account, OrganizationalUnit } from '../../world/model.ts';
import { managementAccount, unitOf, type World } from '../../world/world.ts';

/** The old `Status` that goes with a `State`. */
const STATUS_OF_STATE = {
  ACTIVE: 'ACTIVE',
  PENDING_ACTIVATION: 'SUSPENDED',
  SUSPENDED: 'SUSPENDED',
  PENDING_CLOSURE: 'PENDING_CLOSURE',
  CLOSED: 'SUSPENDED',
} as const;

/** An account as Organizations shows it. */
export function accountView(world: World, account: Account): Record<string, unknown> {
  return {
    Id: account.id,
    Arn: `arn:${world.partition}:organizations::${managementAccount(world).id}:account/${world.organizationId}/${account.id}`,
    Email: account.email,
    Name: account.name,
    ...(world.showStatus ? { Status: STATUS_OF_STATE[account.state] } : {}),
    State: account.state,
    Paths: [`${world.organizationId}/${unitPath(world, unitOf(world, account))}${account.id}/`],
    JoinedMethod: account.joinedMethod,
    JoinedTimestamp: account.joinedAtMs / 1000,
  };
}

/** `r-ab12/ou-ab12-11111111/` */
function unitPath(world: World, unit: OrganizationalUnit): string {
  const parent = unit.parentId === null ? undefined : world.tree.units.get(unit.parentId);
  return `${parent === undefined ? '' : unitPath(world, parent)}${unit.id}/`;
}

/** An organizational unit as Organizations shows it. */
export function unitView(world: World, unit: OrganizationalUnit): Record<string, unknown> {
  return { Id: unit.id, Arn: arnOf(world, 'ou', unit.id), Name: unit.name };
}

/** The root as Organizations shows it. */
export function rootView(world: World): Record<string, unknown> {
  const { rootId } = world.tree;
  const PolicyTypes = [{ Type: 'SERVICE_CONTROL_POLICY', Status: 'ENABLED' }];
  return { Id: rootId, Arn: arnOf(world, 'root', rootId), Name: 'Root', PolicyTypes };
}

/** The organization as Organizations shows it. */
export function organizationView(world: World): Record<string, unknown> {
  const management = managementAccount(world);
  return {
    Id: world.organizationId,
    Arn: `arn:${world.partition}:organizations::${management.id}:organization/${world.organizationId}`,
    FeatureSet: 'ALL',
    MasterAccountArn: `arn:${world.partition}:organizations::${management.id}:account/${world.organizationId}/${management.id}`,
    MasterAccountId: management.id,
    MasterAccountEmail: management.email,
    AvailablePolicyTypes: [{ Type: 'SERVICE_CONTROL_POLICY', Status: 'ENABLED' }],
  };
}

function arnOf(world: World, kind: 'ou' | 'root', id: string): string {
  return `arn:${world.partition}:organizations::${managementAccount(world).id}:${kind}/${world.organizationId}/${id}`;
}
