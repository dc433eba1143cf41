import {
  type Check,
  type CheckCause,
  failed,
  type OrganizationCheckup,
  passed,
  skipped,
  warned,
} from '@muster/core/reports/doctor/check';
import { judgeClock } from '@muster/core/reports/doctor/clock-check';
import {
  ACCOUNT_TAGS_ACTION,
  grantOf,
  OPTIONAL_ORGANIZATION_ACTION,
  ORGANIZATION_ACTIONS,
} from '@muster/core/organization/aws-actions';
import { type ErrorCode, isJobError, messageOf } from '@muster/core/runtime/errors';
import type { AccountId } from '@muster/core/organization/ids';
import type { ReportId } from '@muster/core/reports/report';
import { catalog } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { OrganizationFacts } from '@muster/core/reports/preflight-port';
import { type Answered, answerPart, fanOutAccounts, type ReportDeps, workerName } from './report-part.ts';

const PLACEMENT =
  'Run the workers in the management account or a delegated administrator account of the organization.';
const SOURCES =
  'Give the worker credentials by one of: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, a web identity, a container role, an instance role.';

const TAGS_REMEDY = `${grantOf(ACCOUNT_TAGS_ACTION, 'the discovery role')} Or take account_tags and exclude_account_tags out of the configuration: until then it is unknown which accounts they cover. ${PLACEMENT}`;

/** Everything that needs no account of its own; then one part per account. */
export async function handleCheckOrganization(
  { reportId }: { readonly reportId: ReportId },
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Answered> {
  const matcherKeys = deps.config.matchers.map(({ key }) => key);
  const worker = workerName();
  const checks: Check[] = [];
  const base = { worker, matcherKeys, accounts: 0, managementAccountId: null };
  return answerPart(
    deps,
    ctx,
    reportId,
    'organization',
    async (): Promise<OrganizationCheckup> => {
      checks.length = 0;
      checks.push(checkMarkerKey(deps));
      const caller = await checkCaller(ctx, deps);
      checks.push(...caller.checks);
      if (caller.accountId === null) {
        checks.push(skipped('organization', 'there are no credentials to ask with'));
        return { ...base, checks };
      }
      const facts = await checkOrganization(checks, ctx, deps);
      await checkAccountTags(checks, caller.accountId, ctx, deps);
      if (checks.some(({ id, status }) => id === 'organization' && status === 'fail')) {
        return { ...base, checks };
      }
      const accounts = await fanOutAccounts(deps, reportId, catalog['check-account'], ctx.signal);
      if (facts !== null) checks.push(...judgeListing(accounts, facts));
      return { ...base, checks, accounts, managementAccountId: facts?.managementAccountId ?? null };
    },
    (error): OrganizationCheckup => ({
      ...base,
      checks: [...checks, refusedOrganization(error, checks, deps)],
    }),
  );
}

/** The worker's own: it signs what is sent. */
function checkMarkerKey({ config }: ReportDeps): Check {
  const { length } = config.markerKeys;
  if (length > 0) return passed('marker-key', length === 1 ? 'one key' : `${length} keys, the first signs`);
  return warned(
    'marker-key',
    'marker-key-missing',
    'the worker has no marker key: a principal that may send commands in a member account can forge Muster’s there, and records in Redis are not sealed',
    'Make one (openssl rand -hex 32 > marker.key), name it in muster.marker_key_file or set MUSTER_MARKER_KEY, the same for all workers.',
  );
}

/** `accountId` is null when the credentials are of no use. */
async function checkCaller(
  ctx: JobContext,
  deps: ReportDeps,
): Promise<{ readonly accountId: AccountId | null; readonly checks: readonly Check[] }> {
  try {
    const caller = await deps.preflight.describeCaller(ctx.signal);
    const detail = `${caller.arn}, from ${caller.source}`;
    const clock = judgeClock(caller.clockOffsetMs);
    return { accountId: caller.accountId, checks: [clock, passed('credentials', detail)] };
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (!isJobError(error, 'aws.credentials', 'aws.denied')) throw error;
    const offset = error.details.clockOffsetMs;
    const clock = judgeClock(offset ?? null);
    const detail = deps.redact(messageOf(error));
    if (error.details.awsCode === undefined) {
      return {
        accountId: null,
        checks: [clock, failed('credentials', 'credentials-missing', detail, SOURCES)],
      };
    }
    const remedy = `AWS refuses the credentials from ${error.details.source ?? 'the environment'}: replace them, and check the clock. Try: aws sts get-caller-identity`;
    return {
      accountId: null,
      checks: [clock, failed('credentials', 'credentials-refused', detail, remedy)],
    };
  }
}

/** Adds what Organizations answers; null when no matcher is about an organization. */
async function checkOrganization(
  checks: Check[],
  ctx: JobContext,
  deps: ReportDeps,
): Promise<OrganizationFacts | null> {
  const configured = [
    ...new Set(deps.config.matchers.flatMap(({ organization }) => organization?.organizationId ?? [])),
  ];
  if (configured.length === 0) {
    checks.push(skipped('organization', 'no matcher is about an organization'));
    return null;
  }
  const facts = await deps.preflight.probeOrganization(ctx.signal);
  const denied = new Map(facts.denied.map(({ action, message }) => [action, deps.redact(message)]));
  const listsAtOnce = !denied.has(OPTIONAL_ORGANIZATION_ACTION);
  for (const action of ORGANIZATION_ACTIONS) {
    const message = denied.get(action);
    const place = { subject: action };
    if (message === undefined) checks.push(passed('organization-permission', 'allowed', place));
    else {
      // ListAccounts alone tells all accounts with their units, where it is granted.
      const say = listsAtOnce ? warned : failed;
      const remedy = `${grantOf(action, 'the discovery role')} ${PLACEMENT}`;
      checks.push(say('organization-permission', 'permission-missing', message, remedy, place));
    }
  }
  checks.push(
    listsAtOnce
      ? passed('organization-permission', 'allowed (optional)', { subject: OPTIONAL_ORGANIZATION_ACTION })
      : warned(
          'organization-permission',
          'optional-permission-missing',
          'not allowed: the accounts are listed unit by unit, which takes more calls',
          `Optional. ${grantOf(OPTIONAL_ORGANIZATION_ACTION, 'the discovery role')}`,
          { subject: OPTIONAL_ORGANIZATION_ACTION },
        ),
  );
  const others = configured.filter((id) => facts.organizationId !== null && id !== facts.organizationId);
  if (others.length > 0) {
    checks.push(
      failed(
        'organization',
        'organization-wrong',
        `the credentials belong to ${facts.organizationId ?? ''}, the configuration names ${others.join(', ')}`,
        'Correct organization.organization_id, or use credentials of that organization.',
      ),
    );
  }
  return facts;
}

/** Where account tags decide who is in scope, the tags of one account are read: the caller's own is one that exists. */
async function checkAccountTags(
  checks: Check[],
  callerAccountId: AccountId,
  ctx: JobContext,
  deps: ReportDeps,
): Promise<void> {
  const { matchers, rollout } = deps.config;
  const isAsked =
    matchers.some(({ accountTags }) => accountTags !== undefined) ||
    rollout.waves.some(({ accountTags }) => accountTags.length > 0);
  if (!isAsked) return;
  const place = { subject: ACCOUNT_TAGS_ACTION };
  try {
    await deps.organization.listAccountTags(callerAccountId, ctx.signal);
  } catch (error) {
    if (isJobError(error, 'aws.denied')) {
      const detail = deps.redact(messageOf(error));
      checks.push(failed('organization-permission', 'permission-missing', detail, TAGS_REMEDY, place));
      return;
    }
    if (!isJobError(error, 'aws.invalid')) throw error;
  }
  checks.push(passed('organization-permission', 'allowed', place));
}

function judgeListing(accounts: number, facts: OrganizationFacts): readonly Check[] {
  if (accounts > 0) {
    const id = facts.organizationId ?? 'the organization';
    return [passed('organization', `${accounts} accounts of ${id} are in scope`)];
  }
  return [
    failed(
      'organization',
      'no-accounts',
      'no account is in scope',
      'Look at organizational_units.include and exclude, include_accounts and exclude_accounts: muster config check',
    ),
  ];
}

function refusedOrganization(error: unknown, before: readonly Check[], deps: ReportDeps): Check {
  const denied = before.filter(({ id, status }) => id === 'organization-permission' && status === 'fail');
  const isAboutTags = denied.length > 0 && denied.every(({ subject }) => subject === ACCOUNT_TAGS_ACTION);
  const causes: readonly (readonly [ErrorCode, CheckCause, string])[] = [
    [
      'aws.denied',
      'organization-denied',
      isAboutTags
        ? TAGS_REMEDY
        : `${PLACEMENT} Allow ${ORGANIZATION_ACTIONS.join(', ')} on "*" in the policy of the discovery role.`,
    ],
    [
      'aws.organization',
      'organization-wrong',
      `Correct organization.organization_id, or use credentials of that organization. ${PLACEMENT}`,
    ],
    ['aws.throttled', 'aws-throttled', 'Run muster doctor again later: another client uses up the quota.'],
    [
      'aws.unavailable',
      'aws-unavailable',
      'Check that the worker reaches the AWS endpoints (proxy, VPC endpoints, DNS), and the AWS Health Dashboard.',
    ],
  ];
  const known = causes.find(([code]) => isJobError(error, code));
  const detail = deps.redact(messageOf(error));
  if (known !== undefined) return failed('organization', known[1], detail, known[2]);
  return failed('organization', 'internal', detail, 'See the log of the worker.');
}
