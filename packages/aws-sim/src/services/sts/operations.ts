import { authorizeResources, isTrusted } from '../../iam/authorize.ts';
import type { Principal } from '../../iam/principals.ts';
import type { QueryParams } from '../../server/query-params.ts';
import { deniedError, ServiceError } from '../../server/service-error.ts';
import { integer, list, readRequest, required, structure, text } from '../../server/shapes.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import { element, wrap } from '../../server/xml.ts';
import { accountAsOf } from '../../world/past-accounts.ts';
import { hexToken } from '../../world/identifiers.ts';
import { isOptInRegion } from '../../world/regions.ts';
import { isRegionOn } from '../../world/world.ts';

const ROLE_ARN = /^arn:([\w-]+):iam::(\d{12}):role\/((?:[^\s/]+\/)*)([\w+=,.@-]{1,64})$/u;
/** Role sessions last an hour unless the role says otherwise; ours says nothing. */
const MAX_SESSION_SECONDS = 3600;

const AssumeRole = {
  RoleArn: required(text({ min: 20, max: 2048 })),
  RoleSessionName: required(text({ min: 2, max: 64, pattern: /[\w+=,.@-]*/u })),
  DurationSeconds: integer({ min: 900, max: 43_200 }),
  ExternalId: text({ min: 2, max: 1224, pattern: /[\w+=,.@:/-]*/u }),
  Policy: text({ min: 1, max: 2048 }),
  PolicyArns: list(structure({ arn: text({ min: 20, max: 2048 }) }), { max: 10 }),
  Tags: list(
    structure({
      Key: required(text({ min: 1, max: 128, pattern: /[\p{L}\p{Z}\p{N}_.:/=+\-@]+/u })),
      Value: required(text({ max: 256, pattern: /[\p{L}\p{Z}\p{N}_.:/=+\-@]*/u })),
    }),
    { max: 50 },
  ),
  SerialNumber: text({ min: 9, max: 256, pattern: /[\w+=/:,.@-]*/u }),
  TokenCode: text({ min: 6, max: 6, pattern: /[\d]*/u }),
  SourceIdentity: text({ min: 2, max: 64, pattern: /[\w+=,.@-]*/u }),
} as const;

function assumeRole(call: Call, params: QueryParams): string {
  const input = readRequest('sts', AssumeRole, {
    ...pickParams(params, Object.keys(AssumeRole)),
    PolicyArns: params.members('PolicyArns', ['arn']),
    Tags: params.members('Tags', ['Key', 'Value']),
  });
  checkPolicy(input.Policy);
  const arn = ROLE_ARN.exec(input.RoleArn);
  if (arn === null || arn[1] !== call.sim.world.partition) {
    throw new ServiceError('ValidationError', `${input.RoleArn} is invalid`);
  }
  const [, partition, accountId = '', path = '', roleName = ''] = arn;
  // The path is part of what names a role here, though not of the session's ARN.
  checkTrust(call, input.RoleArn, accountId, path + roleName, input.ExternalId);
  const durationSeconds = input.DurationSeconds ?? 3600;
  if (durationSeconds > MAX_SESSION_SECONDS) {
    throw new ServiceError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  const roleId = `AROA${hexToken(call.sim.world.seed, `${accountId}/${roleName}`, 17).toUpperCase()}`;
  const principal: Principal = {
    kind: 'member-role',
    accountId,
    arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${input.RoleSessionName}`,
    userId: `${roleId}:${input.RoleSessionName}`,
  };
  const session = call.sim.credentials.issue(principal, durationSeconds, call.nowMs);
  return (
    wrap('AssumedRoleUser', element('AssumedRoleId', principal.userId) + element('Arn', principal.arn)) +
    wrap(
      'Credentials',
      element('AccessKeyId', session.accessKeyId) +
        element('SecretAccessKey', session.secretAccessKey) +
        element('SessionToken', session.sessionToken) +
        element('Expiration', new Date(session.expiresAtMs).toISOString().replace('.000Z', 'Z')),
    ) +
    element('SourceIdentity', input.SourceIdentity) +
    (input.Policy === undefined ? '' : element('PackedPolicySize', 6))
  );
}

/** Whether a role is the member role. A world that names it without a path does not care where it lies. */
function isNamed(wanted: string | null, roleName: string): boolean {
  if (wanted === null) return true;
  return wanted === (wanted.includes('/') ? roleName : roleName.slice(roleName.lastIndexOf('/') + 1));
}

function checkPolicy(policy: string | undefined): void {
  if (policy === undefined) return;
  try {
    if (typeof JSON.parse(policy) === 'object') return;
  } catch {
    // Said below.
  }
  throw new ServiceError('MalformedPolicyDocument', 'This policy contains invalid Json');
}

/** One answer for everything that keeps a caller out, as STS has it. */
function checkTrust(
  call: Call,
  roleArn: string,
  accountId: string,
  roleName: string,
  externalId: string | undefined,
): void {
  const { world } = call.sim;
  authorizeResources(world, call.caller, 'sts:AssumeRole', [{ arn: roleArn }]);
  const known = world.accountsById.get(accountId);
  // A stale answer knows the role as it was: one just made or repaired is not there yet.
  const account = known === undefined ? undefined : (accountAsOf(known, call.asOfMs) ?? undefined);
  const usable = account !== undefined && (account.state === 'ACTIVE' || account.state === 'PENDING_CLOSURE');
  const named = isNamed(world.access.roleName, roleName);
  const wantedId = world.access.externalId;
  const identified = wantedId === null || wantedId === externalId;
  const trusted = isTrusted(world, call.caller, roleArn, externalId);
  if (!usable || !named || !identified || !trusted || account.role !== 'ok') {
    const principalArn = call.caller.principal.arn;
    throw deniedError('sts', {
      action: 'sts:AssumeRole',
      principalArn,
      resource: roleArn,
      reason: 'identity',
    });
  }
  const { region } = call.caller;
  if (isOptInRegion(region) && !isRegionOn(world, account, region)) {
    throw new ServiceError(
      'RegionDisabledException',
      `STS is not activated in this region for account:${accountId}. Your account administrator can activate STS in this region using the IAM Console.`,
      403,
    );
  }
}

function getCallerIdentity(call: Call): string {
  const { principal } = call.caller;
  return (
    element('UserId', principal.userId) +
    element('Account', principal.accountId) +
    element('Arn', principal.arn)
  );
}

function pickParams(params: QueryParams, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, params.get(name)]));
}

/** Operations of STS; each answers the inside of its `…Result` element. */
export const STS_OPERATIONS: OperationTable<QueryParams, string> = {
  AssumeRole: { handle: assumeRole },
  GetCallerIdentity: { handle: getCallerIdentity },
};
