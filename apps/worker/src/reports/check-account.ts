import { type AccountCheckup, type Check, failed, passed, skipped } from '@muster/core/reports/doctor/check';
import { MEMBER_ACTIONS } from '@muster/core/organization/aws-actions';
import type { TargetAccess } from '@muster/core/install/command';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { AccountId, InstanceId, Region } from '@muster/core/organization/ids';
import { RUN_SHELL_SCRIPT } from '@muster/core/install/render-install';
import type { InstallSettings } from '@muster/core/scan/matcher';
import { groupByRole, type RoleGroup } from '@muster/core/scan/matcher-scope';
import type { ReportId } from '@muster/core/reports/report';
import type { JobContext } from '@muster/core/jobs/define-job';
import { checkRegions, type Hindered, judgeAgents } from './check-regions.ts';
import {
  deniedAction,
  patiently,
  probeAction,
  probeOptional,
  probeReadingCommands,
  probeSend,
  unasked,
} from './probe-member.ts';
import { accountOfReport, type Answered, answerPart, type ReportDeps } from './report-part.ts';

/** Enters the account with each of its roles and tries everything that a sweep and an install need there. */
export async function handleCheckAccount(
  { reportId, accountId }: { readonly reportId: ReportId; readonly accountId: AccountId },
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Answered> {
  const draft = newDraft(accountId);
  return answerPart(
    deps,
    ctx,
    reportId,
    `account:${accountId}`,
    async () => {
      Object.assign(draft, newDraft(accountId));
      const { account, matchers } = await accountOfReport(deps, reportId, accountId, ctx.signal);
      draft.name = account.name;
      draft.units = account.ancestorIds;
      draft.state = account.state;
      if (account.state !== 'ACTIVE') {
        draft.checks.push(
          skipped('account-state', `the account is ${account.state}: it is left alone`, null, { accountId }),
        );
        return checkupOf(draft);
      }
      for (const group of groupByRole(matchers, accountId, null)) {
        await checkRole(draft, group, ctx.signal, deps);
      }
      return checkupOf(draft);
    },
    (error) => checkupOf(draft, troubleOf(error, accountId, deps)),
  );
}

/** What is known so far, while the roles of an account are tried one after the other. */
interface Draft {
  readonly accountId: AccountId;
  name: string;
  units: readonly string[];
  state: string;
  roles: string[];
  lockedRoles: string[];
  regions: number;
  running: Set<InstanceId>;
  online: Set<InstanceId>;
  hindered: Hindered;
  checks: Check[];
}

function newDraft(accountId: AccountId): Draft {
  return {
    accountId,
    name: '',
    units: [],
    state: '',
    roles: [],
    lockedRoles: [],
    regions: 0,
    running: new Set(),
    online: new Set(),
    hindered: new Map(),
    checks: [],
  };
}

function checkupOf(draft: Draft, ...more: readonly Check[]): AccountCheckup {
  const { accountId, running, online } = draft;
  const checks = [...draft.checks, ...more, ...judgeAgents(draft)];
  const missing = new Set(
    checks.filter(({ id, status }) => id === 'permission' && status === 'fail').map(({ subject }) => subject),
  );
  return {
    accountId,
    name: draft.name,
    units: [...draft.units],
    state: draft.state,
    roles: draft.roles,
    lockedRoles: draft.lockedRoles,
    missingActions: MEMBER_ACTIONS.filter((action) => missing.has(action)),
    regions: draft.regions,
    agents: { running: running.size, online: online.size },
    checks,
  };
}

async function checkRole(
  draft: Draft,
  group: RoleGroup,
  signal: AbortSignal,
  deps: ReportDeps,
): Promise<void> {
  const { accountId, checks } = draft;
  const { role } = group;
  const place = { accountId, ...(role === null ? {} : { subject: role.arn }) };
  if (role !== null) draft.roles.push(role.arn);
  try {
    await deps.accounts.enter(accountId, role, signal);
  } catch (error) {
    if (!isJobError(error, 'aws.denied')) throw error;
    draft.lockedRoles.push(role?.arn ?? '');
    checks.push(
      failed(
        'account-role',
        'role-not-assumable',
        deps.redact(messageOf(error)),
        role === null
          ? 'Run the worker with credentials of this account, or give the matcher an assume_role_arn.'
          : `Create ${role.arn} with the member-role StackSet, or correct its trust: sts:AssumeRole for the discovery role${role.externalId === null ? '' : ' with the configured external id'}. muster doctor --missing-roles FILE lists all such accounts.`,
        place,
      ),
    );
    return;
  }
  checks.push(passed('account-role', role === null ? 'the worker’s own account' : 'assumed', place));
  const regions = await regionsOf(draft, group, signal, deps);
  if (regions === null) return;
  draft.regions = Math.max(draft.regions, regions.length);
  const seen = await checkRegions(accountId, group, regions, signal, deps);
  for (const id of seen.running) draft.running.add(id);
  for (const id of seen.online) draft.online.add(id);
  for (const [cause, ids] of seen.hindered) {
    draft.hindered.set(cause, new Set([...(draft.hindered.get(cause) ?? []), ...ids]));
  }
  checks.push(...seen.checks);
  // Where nothing may be listed, something may still be allowed to send: the first region is as good as any.
  const region = seen.readable[0] ?? regions[0];
  if (region === undefined) return;
  const access: TargetAccess = { accountId, region, role };
  checks.push(...(await probeReadingCommands(access, signal, deps)));
  const tried = seen.readable.length > 0 ? seen.readable : [region];
  checks.push(...(await checkDocuments(access, group, tried, signal, deps)));
  checks.push(...(await probeOptional(access, signal, deps)));
}

/** Null when they cannot be learned. */
async function regionsOf(
  draft: Draft,
  { role, matchers }: RoleGroup,
  signal: AbortSignal,
  deps: ReportDeps,
): Promise<readonly Region[] | null> {
  const { accountId, checks } = draft;
  const named = matchers.flatMap((matcher) =>
    matcher.regions.kind === 'listed' ? matcher.regions.regions : [],
  );
  const access = { accountId, role };
  const needsList = matchers.some((matcher) => matcher.regions.kind === 'all');
  const listing = await probeAction('account:ListRegions', access, signal, deps, () =>
    deps.preflight.probeMember(access, 'account:ListRegions', signal),
  ).catch((error: unknown) => {
    // Where regions are named nothing hangs on it.
    if (needsList || !isJobError(error)) throw error;
    return unasked('account:ListRegions', accountId, deps.redact(messageOf(error)));
  });
  if (!needsList) {
    checks.push(listing.status === 'fail' ? asNote(listing, 'not needed while regions are named') : listing);
    return [...new Set(named)].toSorted();
  }
  try {
    const enabled = await deps.accounts.listRegions(accountId, role, signal);
    checks.push(
      listing.status === 'pass' ? listing : asNote(listing, 'the regions come from ec2:DescribeRegions'),
    );
    return [...new Set([...named, ...enabled])].toSorted();
  } catch (error) {
    if (!isJobError(error, 'aws.denied')) throw error;
    checks.push(
      listing.status === 'fail'
        ? listing
        : deniedAction('account:ListRegions', access, deps.redact(messageOf(error))),
    );
    // Without the list there is nothing to go on but the regions that are named.
    return named.length > 0 ? [...new Set(named)].toSorted() : null;
  }
}

function asNote(check: Check, why: string): Check {
  return { ...check, status: 'warn', detail: `${check.detail} (${why})` };
}

/** AWS's own document is everywhere, so one region is tried; a custom one must be in each. */
async function checkDocuments(
  access: TargetAccess,
  group: RoleGroup,
  regions: readonly Region[],
  signal: AbortSignal,
  deps: ReportDeps,
): Promise<readonly Check[]> {
  const { accountId, role } = access;
  const installs = new Map(group.matchers.map(({ install }) => [install.documentName, install]));
  const checks: Check[] = [];
  let denial: string | null = null;
  for (const [documentName, install] of installs) {
    const isAws = documentName === RUN_SHELL_SCRIPT;
    const probes = await probeDocument(access, install, isAws ? [access.region] : regions, signal, deps);
    denial ??= probes.denied;
    const place = { accountId, subject: documentName };
    if (probes.missing.length > 0) {
      checks.push(
        failed(
          'document',
          'document-missing',
          `not in ${probes.missing.join(', ')}`,
          `Create the document ${documentName} in these regions of the account (a StackSet deploys it everywhere), or set ssm.document_name to ${RUN_SHELL_SCRIPT}.`,
          place,
        ),
      );
    }
    if (probes.refusing.length > 0) {
      checks.push(
        failed(
          'document',
          'document-refuses-parameters',
          `refuses our parameters in ${probes.refusing.join(', ')}: ${probes.words}`,
          'Give the document the parameters token, scriptName and, where a suffix, an update group or a proxy is configured, env (String, with a default).',
          place,
        ),
      );
    }
    const isFound = probes.missing.length + probes.refusing.length === 0 && probes.found > 0;
    if (isFound) {
      checks.push(passed('document', isAws ? 'AWS’s own' : `in ${probes.found} regions`, place));
    }
  }
  const send =
    denial === null
      ? passed('permission', 'allowed', { accountId, subject: 'ssm:SendCommand' })
      : deniedAction('ssm:SendCommand', { accountId, role }, denial);
  return [send, ...checks];
}

async function probeDocument(
  access: TargetAccess,
  install: InstallSettings,
  regions: readonly Region[],
  signal: AbortSignal,
  deps: ReportDeps,
): Promise<{ missing: string[]; refusing: string[]; found: number; denied: string | null; words: string }> {
  const seen: Awaited<ReturnType<typeof probeDocument>> = {
    missing: [],
    refusing: [],
    found: 0,
    denied: null,
    words: '',
  };
  for (const region of regions) {
    const probe = await patiently(signal, deps, () =>
      probeSend({ ...access, region }, install, signal, deps),
    );
    if (probe.kind === 'accepted') seen.found += 1;
    if (probe.kind === 'document-missing') seen.missing.push(region);
    if (probe.kind === 'denied') seen.denied ??= probe.detail;
    if (probe.kind === 'parameters') {
      seen.refusing.push(region);
      seen.words = probe.detail;
    }
  }
  return seen;
}

function troubleOf(error: unknown, accountId: AccountId, deps: Pick<ReportDeps, 'redact'>): Check {
  const detail = deps.redact(messageOf(error));
  const place = { accountId };
  if (isJobError(error, 'aws.throttled')) {
    const remedy = 'Run muster doctor again later: another client uses up the quota of the account.';
    return failed('account-role', 'aws-throttled', detail, remedy, place);
  }
  if (isJobError(error, 'aws.unavailable')) {
    const remedy = 'Check that the worker reaches the AWS endpoints; run muster doctor again.';
    return failed('account-role', 'aws-unavailable', detail, remedy, place);
  }
  return failed('account-role', 'internal', detail, 'See the log of the worker.', place);
}
