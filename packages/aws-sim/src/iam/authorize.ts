import { actionMatches } from '../faults/decide.ts';
import { commonError, deniedError, type ServiceName } from '../server/service-error.ts';
import type { Account } from '../world/model.ts';
import { isRegionOn, managementAccount, type World } from '../world/world.ts';
import type { Caller } from './authenticate.ts';
import type { Principal } from './principals.ts';

/** What the discovery principal may do at most: its policy holds nothing else. */
const DISCOVERY_ACTIONS = ['organizations:*', 'sts:*'] as const;
/** What a member role may do at most. */
const MEMBER_ACTIONS = [
  'account:*',
  'ec2:*',
  'ssm:*',
  'sts:GetCallerIdentity',
  'organizations:DescribeOrganization',
] as const;

/** Whether a member role's policy holds an action. */
export function memberRoleAllows(world: World, account: Account, action: string): boolean {
  const denied = [...world.access.deniedMemberActions, ...account.deniedActions];
  return (
    MEMBER_ACTIONS.some((pattern) => actionMatches(pattern, action)) &&
    !denied.some((pattern) => actionMatches(pattern, action))
  );
}

function isAllowed(world: World, principal: Principal, action: string): boolean {
  // GetCallerIdentity cannot be denied.
  if (action === 'sts:GetCallerIdentity') return true;
  if (principal.kind === 'discovery') {
    return (
      DISCOVERY_ACTIONS.some((pattern) => actionMatches(pattern, action)) &&
      !world.access.deniedDiscoveryActions.some((pattern) => actionMatches(pattern, action))
    );
  }
  const account = world.accountsById.get(principal.accountId);
  return account !== undefined && memberRoleAllows(world, account, action);
}

/** Whether a service control policy denies an account what it does in a region. The management account has none. */
export function isRegionDenied(world: World, account: Account, region: string): boolean {
  return account.deniedRegions.includes(region) && account !== managementAccount(world);
}

const REGIONAL: ReadonlySet<ServiceName> = new Set<ServiceName>(['ec2', 'ssm']);

/**
 * Decides whether a caller may do something.
 * @throws {ServiceError} account out of use, region off, denied by a service control policy or by the own policy.
 */
export function authorize(world: World, caller: Caller, action: string): void {
  const { principal, service, region } = caller;
  const account = world.accountsById.get(principal.accountId);
  if (account === undefined) throw commonError(service, 'unknown-token');
  if (account.state !== 'ACTIVE' && account.state !== 'PENDING_CLOSURE') {
    throw commonError(service, 'unknown-token');
  }
  const resource = service === 'ssm' ? `arn:aws:ssm:${region}:${account.id}:*` : '*';
  if (REGIONAL.has(service)) {
    if (!isRegionOn(world, account, region)) throw commonError(service, 'unknown-token');
    if (isRegionDenied(world, account, region)) {
      throw deniedError(service, { action, principalArn: principal.arn, resource, reason: 'scp' });
    }
  }
  if (!isAllowed(world, principal, action)) {
    throw deniedError(service, { action, principalArn: principal.arn, resource, reason: 'identity' });
  }
}
