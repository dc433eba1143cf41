/**
 * Harmless calls that show what a member role may do. SSM answers a caller who is not allowed with AccessDenied before it
 * looks at what was asked, so asking for what cannot exist tells the two apart: a command that never was, an instance id
 * that EC2 never gives. Nothing can run on it.
 */
import { failed, passed, skipped, warned, type Check } from '@muster/core/reports/doctor/check';
import {
  grantOf,
  OPTIONAL_MEMBER_ACTIONS,
  type MemberAction,
  type OptionalMemberAction,
} from '@muster/core/organization/aws-actions';
import type { SendResult, TargetAccess } from '@muster/core/install/command';
import { isJobError, JobError, messageOf } from '@muster/core/runtime/errors';
import { type AccountId, CommandId, InstanceId } from '@muster/core/organization/ids';
import { renderInstall, RUN_SHELL_SCRIPT } from '@muster/core/install/render-install';
import type { InstallSettings } from '@muster/core/scan/matcher';
import type { ReportDeps } from './report-part.ts';

const NO_INSTANCE = InstanceId.parse('i-00000000000000000');
const NO_COMMAND = CommandId.parse('00000000-0000-0000-0000-000000000000');
/** Not the marker of a command of ours: a worker that looks for those must not find this. */
const COMMENT = 'muster doctor: a call that cannot run anything';

/** Waits of a probe that was throttled: the other probes of the account need not be made again for it. */
const WAITS = 5;

/** Makes a call again after a throttle, some times. */
export async function patiently<T>(
  signal: AbortSignal,
  deps: Pick<ReportDeps, 'clock' | 'timings'>,
  call: () => Promise<T>,
): Promise<T> {
  for (let waits = 1; ; waits += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isJobError(error, 'aws.throttled') || waits > WAITS) throw error;
      await deps.clock.sleep(deps.timings.retryMs * waits, signal);
    }
  }
}

/** Passed when `call` is allowed; other failures than a denial are thrown on. */
export async function probeAction(
  action: MemberAction,
  access: Pick<TargetAccess, 'accountId' | 'role'>,
  signal: AbortSignal,
  deps: Pick<ReportDeps, 'redact' | 'clock' | 'timings'>,
  call: () => Promise<unknown>,
): Promise<Check> {
  const place = { subject: action, accountId: access.accountId };
  try {
    await patiently(signal, deps, call);
    return passed('permission', 'allowed', place);
  } catch (error) {
    if (!isJobError(error, 'aws.denied')) throw error;
    return deniedAction(action, access, deps.redact(messageOf(error)));
  }
}

export function deniedAction(
  action: MemberAction,
  { accountId, role }: Pick<TargetAccess, 'accountId' | 'role'>,
  detail: string,
): Check {
  const remedy = grantOf(action, role?.arn ?? 'the worker’s own role');
  return failed('permission', 'permission-missing', detail, remedy, { subject: action, accountId });
}

/** Reading what became of commands. */
export async function probeReadingCommands(
  access: TargetAccess,
  signal: AbortSignal,
  deps: Pick<ReportDeps, 'commands' | 'redact' | 'clock' | 'timings'>,
): Promise<readonly Check[]> {
  const asked = { commandId: NO_COMMAND, instanceId: NO_INSTANCE, pluginName: null };
  return [
    await probeAction('ssm:GetCommandInvocation', access, signal, deps, () =>
      deps.commands.readOutput(access, asked, signal),
    ),
    await probeAction('ssm:ListCommandInvocations', access, signal, deps, () =>
      deps.commands.listInvocations(access, NO_COMMAND, signal),
    ),
  ];
}

/** What is optional is not waited for longer than this, all of it together. Real time. */
const OPTIONAL_WITHIN_MS = 8_000;

/** What is used when it is granted: its absence is a note, and so is an answer that did not come. */
export async function probeOptional(
  access: TargetAccess,
  signal: AbortSignal,
  deps: Pick<ReportDeps, 'commands' | 'preflight' | 'hostManagement' | 'clock' | 'timings' | 'redact'>,
): Promise<readonly Check[]> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(OPTIONAL_WITHIN_MS)]);
  const asked = await Promise.all([
    askOptional('ssm:CancelCommand', access, within, deps, async () => {
      const canceled = await deps.commands.cancelCommand(access, NO_COMMAND, [NO_INSTANCE], within);
      return canceled !== 'denied';
    }),
    askOptional('ssm:GetServiceSetting', access, within, deps, async () => {
      await deps.hostManagement.isHostManagementOn(access, within);
      return true;
    }),
    askOptional('ec2:DescribeRegions', access, within, deps, async () => {
      await deps.preflight.probeMember(access, 'ec2:DescribeRegions', within);
      return true;
    }),
  ]);
  signal.throwIfAborted();
  return asked;
}

/** Whether it is allowed; `skipped` where AWS has no answer to that: Muster goes on without it. */
async function askOptional(
  action: OptionalMemberAction,
  access: TargetAccess,
  within: AbortSignal,
  deps: Pick<ReportDeps, 'clock' | 'timings' | 'redact'>,
  ask: () => Promise<boolean>,
): Promise<Check> {
  try {
    return optional(action, access, await patiently(within, deps, ask));
  } catch (error) {
    if (isJobError(error, 'aws.denied')) return optional(action, access, false);
    return unasked(action, access.accountId, deps.redact(messageOf(error)));
  }
}

/** An optional action, or one that is not needed here, that could not be asked for. */
export function unasked(
  action: MemberAction | OptionalMemberAction,
  accountId: AccountId,
  detail: string,
): Check {
  const place = { subject: action, accountId };
  return skipped('permission', `optional, and could not be asked for: ${detail}`, null, place);
}

function optional(action: OptionalMemberAction, access: TargetAccess, isAllowed: boolean): Check {
  const place = { subject: action, accountId: access.accountId };
  if (isAllowed) return passed('permission', 'allowed (optional)', place);
  const remedy = `Optional. ${grantOf(action, access.role?.arn ?? 'the worker’s own role')}`;
  const detail = `not allowed: ${OPTIONAL_MEMBER_ACTIONS[action]}`;
  return warned('permission', 'optional-permission-missing', detail, remedy, place);
}

/** What SendCommand says of a document in a region. */
export type SendProbe =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'denied'; readonly detail: string }
  | { readonly kind: 'document-missing'; readonly detail: string }
  | { readonly kind: 'parameters'; readonly detail: string }
  | { readonly kind: 'region-off'; readonly detail: string };

/**
 * Sends to an instance that cannot exist. InvalidInstanceId is the answer of an SSM that would have sent: the caller is
 * allowed, the document is there and takes our parameters. Throws `aws.throttled` and `aws.unavailable`.
 *
 * A policy that allows SendCommand only for instances with certain tags answers AccessDenied here too: the instance that
 * does not exist has none.
 */
export async function probeSend(
  access: TargetAccess,
  install: InstallSettings,
  signal: AbortSignal,
  deps: Pick<ReportDeps, 'commands' | 'config' | 'clock' | 'redact'>,
): Promise<SendProbe> {
  const { executionTimeoutSeconds, deliveryTimeoutSeconds, sendWindowMs } = deps.config.install;
  const rendered = renderInstall(install, { executionTimeoutSeconds });
  const inert = rendered.documentName === RUN_SHELL_SCRIPT ? { commands: ['true'] } : {};
  const result = await deps.commands.sendCommand(
    access,
    {
      documentName: rendered.documentName,
      parameters: { ...rendered.parameters, ...inert },
      instanceIds: [NO_INSTANCE],
      comment: COMMENT,
      deliveryTimeoutSeconds,
      windowEndMonotonicMs: deps.clock.monotonicMs() + sendWindowMs,
    },
    signal,
  );
  return readSendResult(result, access, deps);
}

function readSendResult(
  result: SendResult,
  access: TargetAccess,
  deps: Pick<ReportDeps, 'redact'>,
): SendProbe {
  if (result.kind === 'accepted') return { kind: 'accepted' };
  const detail = deps.redact(result.message);
  const where = `ssm:SendCommand in ${access.accountId}/${access.region}`;
  if (result.kind === 'ambiguous') throw unavailable(`${where}: ${detail}`);
  switch (result.reason) {
    case 'invalid-instance-id':
    case 'unsupported-platform':
      return { kind: 'accepted' };
    case 'denied':
      return { kind: 'denied', detail };
    case 'invalid-document':
      return { kind: 'document-missing', detail };
    case 'invalid-parameters':
      return { kind: 'parameters', detail };
    case 'region-off':
      return { kind: 'region-off', detail };
    case 'throttled':
      throw new JobError('aws.throttled', `${where}: ${detail}`, {
        retry: { afterMs: result.retryAfterMs ?? 2_000 },
      });
    case 'credentials':
    case 'not-sent':
    case 'managed-updates-off':
      throw unavailable(`${where}: ${detail}`);
    default:
      return result.reason satisfies never;
  }
}

function unavailable(message: string): JobError {
  return new JobError('aws.unavailable', message, { retry: 'backoff' });
}
