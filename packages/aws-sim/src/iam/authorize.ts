import { actionMatches } from '../faults/decide.ts';
import { commonError, deniedError, type ServiceName } from '../server/service-error.ts';
import type { Account } from '../world/model.ts';
import { partitionOf } from '../world/regions.ts';
import { isRegionOn, managementAccount, type World } from '../world/world.ts';
import type { Caller } from './authenticate.ts';
import { policyAllows } from './policy.ts';
import { principalArnOf, type Principal } from './principals.ts';

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
  if (!isGranted(world, principal, action, null)) return false;
  if (principal.kind === 'discovery') {
    return (
      // A policy of the world's own may also let it work in its own account.
      (world.access.policies !== null ||
        DISCOVERY_ACTIONS.some((pattern) => actionMatches(pattern, action))) &&
      !world.access.deniedDiscoveryActions.some((pattern) => actionMatches(pattern, action))
    );
  }
  const account = world.accountsById.get(principal.accountId);
  return account !== undefined && memberRoleAllows(world, account, action);
}

/** What a role's own policy says of an action on a resource, where the world has policies; null: on anything at all. */
function isGranted(
  world: World,
  principal: Principal,
  action: string,
  resource: string | null,
  tags: ResourceInQuestion['tags'] = {},
): boolean {
  const { policies } = world.access;
  if (policies === null) return true;
  const policy = principal.kind === 'discovery' ? policies.discovery : policies.member;
  // All resources of a world are in its organization.
  const context = { 'aws:ResourceOrgID': world.organizationId, ...tagKeys(action, tags) };
  return policyAllows(policy, { action, resource, principal: null, context });
}

/** What an action is about, as IAM sees it. */
export interface ResourceInQuestion {
  readonly arn: string;
  /** Of the resource itself; a resource that does not exist has none. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** A resource's tags as condition keys: those of every service, and Systems Manager's own. */
function tagKeys(action: string, tags: ResourceInQuestion['tags'] = {}): Readonly<Record<string, string>> {
  const prefixes = action.startsWith('ssm:')
    ? ['aws:ResourceTag/', 'ssm:resourceTag/']
    : ['aws:ResourceTag/'];
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => prefixes.map((prefix) => [`${prefix}${key}`, value])),
  );
}

/**
 * Asks the caller's policy about each resource of an operation that IAM can limit to resources.
 * @throws {ServiceError} denied, naming the first resource that is not granted
 */
export function authorizeResources(
  world: World,
  { principal, service }: Caller,
  action: string,
  resources: readonly ResourceInQuestion[],
): void {
  const refused = resources.find(({ arn, tags }) => !isGranted(world, principal, action, arn, tags));
  if (refused === undefined) return;
  const { arn } = refused;
  throw deniedError(service, { action, principalArn: principal.arn, resource: arn, reason: 'identity' });
}

/** Whether the member role's trust policy lets the caller in, where the world has one. */
export function isTrusted(
  world: World,
  { principal }: Caller,
  roleArn: string,
  externalId: string | undefined,
): boolean {
  const { policies } = world.access;
  if (policies === null) return true;
  return policyAllows(policies.memberTrust, {
    action: 'sts:AssumeRole',
    resource: roleArn,
    principal: `arn:${world.partition}:iam::${principal.accountId}:root`,
    context: {
      'aws:PrincipalArn': principalArnOf(principal),
      'aws:PrincipalOrgID': world.organizationId,
      'sts:ExternalId': externalId,
    },
  });
}

/** Whether a service control policy denies an account what it does in a region. The management account has none. */
export function isRegionDenied(world: World, account: Account, region: string): boolean {
  return account.deniedRegions.includes(region) && account !== managementAccount(world);
}

const REGIONAL: ReadonlySet<ServiceName> = new Set<ServiceName>(['ec2', 'ssm']);

/**
 * Decides whether a caller may do something.
 * @throws {ServiceError} another partition's region, account out of use, region off, denied by a service control policy or by the own policy.
 */
export function authorize(world: World, caller: Caller, action: string): void {
  const { principal, service, region } = caller;
  // Keys are known in their own partition only.
  if (partitionOf(region) !== world.partition) throw commonError(service, 'unknown-token');
  const account = world.accountsById.get(principal.accountId);
  if (account === undefined) throw commonError(service, 'unknown-token');
  if (account.state !== 'ACTIVE' && account.state !== 'PENDING_CLOSURE') {
    throw commonError(service, 'unknown-token');
  }
  const resource = service === 'ssm' ? `arn:${world.partition}:ssm:${region}:${account.id}:*` : '*';
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
