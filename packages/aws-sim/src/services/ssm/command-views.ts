import { type Command, detailsAt, type Invocation, STATUS_OF, summarize } from '../../commands/command.ts';
import { readInstructions } from '../../commands/instructions.ts';
import type { DocumentStep } from '../../commands/documents.ts';

/** Lengths at which output is cut: inline in lists by the agent, and per stream in GetCommandInvocation. */
const PLUGIN_OUTPUT = 2_500;
const STDOUT = 24_000;
const STDERR = 8_000;

/** A command as SendCommand, ListCommands and CancelCommand show it. `fresh` is the answer to SendCommand itself. */
export function commandView(command: Command, atMs: number, fresh = false): Record<string, unknown> {
  const summary = summarize(command, atMs);
  return {
    CommandId: command.id,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    Comment: command.comment,
    ExpiresAfter: command.expiresAtMs / 1000,
    Parameters: command.parameters,
    InstanceIds: command.targets.length > 0 ? [] : command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: command.requestedAtMs / 1000,
    Status: fresh ? 'Pending' : summary.status,
    StatusDetails: fresh ? 'Pending' : summary.details,
    OutputS3Region: command.outputS3.region,
    OutputS3BucketName: command.outputS3.bucket,
    OutputS3KeyPrefix: command.outputS3.prefix,
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: fresh ? 0 : summary.targetCount,
    CompletedCount: fresh ? 0 : summary.completedCount,
    ErrorCount: fresh ? 0 : summary.errorCount,
    DeliveryTimedOutCount: fresh ? 0 : summary.deliveryTimedOutCount,
    ...askedFor(command),
    TimeoutSeconds: command.timeoutSeconds,
    AlarmConfiguration: { IgnorePollAlarmFailure: false, Alarms: command.alarms },
    TriggeredAlarms: [],
  };
}

/** An invocation as ListCommandInvocations shows it. */
export function invocationView(
  invocation: Invocation,
  atMs: number,
  withPlugins: boolean,
): Record<string, unknown> {
  const { command } = invocation;
  const details = detailsAt(invocation, atMs);
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    InstanceName: invocation.hostname,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    RequestedDateTime: command.requestedAtMs / 1000,
    Status: STATUS_OF[details],
    StatusDetails: details,
    TraceOutput: '',
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: withPlugins
      ? pluginResults(invocation, atMs).map((result) => pluginView(result, command))
      : [],
    ...askedFor(command),
  };
}

/** What the sender asked for beside the run; empty where nothing was. */
function askedFor({ serviceRole, notification, cloudWatch }: Command): Record<string, unknown> {
  return {
    ServiceRole: serviceRole,
    NotificationConfig: {
      NotificationArn: notification.NotificationArn ?? '',
      NotificationEvents: notification.NotificationEvents ?? [],
      NotificationType: notification.NotificationType ?? '',
    },
    CloudWatchOutputConfig: {
      CloudWatchLogGroupName: cloudWatch.CloudWatchLogGroupName ?? '',
      CloudWatchOutputEnabled: cloudWatch.CloudWatchOutputEnabled ?? false,
    },
  };
}

interface PluginResult {
  readonly step: DocumentStep;
  readonly details: string;
  readonly status: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

/** What is known of every step: those for other platforms count as successes, those behind a failure never ran. */
export function pluginResults(invocation: Invocation, atMs: number): PluginResult[] {
  const { command, end, startedAtMs, endedAtMs } = invocation;
  const details = detailsAt(invocation, atMs);
  const over = end !== null && endedAtMs !== null && endedAtMs <= atMs;
  const { runStep } = readInstructions(command.document, command.values, invocation.platformType);
  return command.document.steps.map((step, index) => {
    const base = { step, startedAtMs, endedAtMs: over ? endedAtMs : null, stdout: '', stderr: '' };
    if (!over) return { ...base, details, status: STATUS_OF[details], exitCode: -1 };
    const reached = startedAtMs !== null;
    if (!reached) return { ...base, details, status: STATUS_OF[details], exitCode: end.exitCode };
    if (step.platform !== null && step.platform !== invocation.platformType) {
      const stdout = `Step execution skipped due to unsatisfied preconditions: '"StringEquals": [platformType, ${step.platform}]'. Step name: ${step.name}`;
      return { ...base, details: 'Success', status: 'Success', exitCode: 0, stdout };
    }
    if (index !== runStep) return { ...base, details: 'Success', status: 'Success', exitCode: 0 };
    const stderr =
      end.details === 'Failed' && end.exitCode > 0
        ? `${end.stderr}\nfailed to run commands: exit status ${end.exitCode}`
        : end.stderr;
    return {
      ...base,
      details,
      status: STATUS_OF[details],
      exitCode: end.exitCode,
      stdout: end.stdout,
      stderr,
    };
  });
}

function pluginView(result: PluginResult, command: Command): Record<string, unknown> {
  const errors = result.stderr === '' ? '' : `\n----------ERROR-------\n${result.stderr}`;
  return {
    Name: result.step.name,
    Status: pluginStatus(result),
    StatusDetails: result.details,
    ResponseCode: result.exitCode,
    ...(result.startedAtMs === null ? {} : { ResponseStartDateTime: result.startedAtMs / 1000 }),
    ...(result.endedAtMs === null ? {} : { ResponseFinishDateTime: result.endedAtMs / 1000 }),
    Output: cut(`${result.stdout}${errors}`, PLUGIN_OUTPUT, '\n---Output truncated---'),
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    OutputS3Region: command.region,
    OutputS3BucketName: command.outputS3.bucket,
    OutputS3KeyPrefix: command.outputS3.prefix,
  };
}

/** Plugins have one status that invocations lack: the plugin's enum has no Delayed and no Cancelling. */
function pluginStatus(result: PluginResult): string {
  if (result.status === 'Delayed') return 'Pending';
  return result.status === 'Cancelling' ? 'InProgress' : result.status;
}

/** One step of an invocation as GetCommandInvocation shows it. */
export function stepView(
  invocation: Invocation,
  atMs: number,
  step: string | undefined,
): Record<string, unknown> | null {
  const results = pluginResults(invocation, atMs);
  const result =
    step === undefined
      ? results.length === 1
        ? results[0]
        : undefined
      : results.find((r) => r.step.name === step);
  if (step !== undefined && result === undefined) return null;
  const { command } = invocation;
  const details = detailsAt(invocation, atMs);
  const over = result?.endedAtMs !== null && result !== undefined;
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    PluginName: result?.step.name ?? '',
    ResponseCode: result?.exitCode ?? -1,
    ExecutionStartDateTime: isoOrEmpty(result?.startedAtMs),
    ExecutionElapsedTime: over ? elapsed(result.startedAtMs, result.endedAtMs) : '',
    ExecutionEndDateTime: isoOrEmpty(result?.endedAtMs),
    Status: result?.status ?? STATUS_OF[details],
    StatusDetails: result?.details ?? details,
    StandardOutputContent: over ? cut(result.stdout, STDOUT, '--output truncated--') : '',
    StandardOutputUrl: '',
    StandardErrorContent: over ? cut(result.stderr, STDERR, '--error truncated--') : '',
    StandardErrorUrl: '',
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  };
}

function isoOrEmpty(atMs: number | null | undefined): string {
  return atMs === null || atMs === undefined ? '' : new Date(atMs).toISOString();
}

function elapsed(startedAtMs: number | null, endedAtMs: number | null): string {
  if (startedAtMs === null || endedAtMs === null) return '';
  const seconds = (endedAtMs - startedAtMs) / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `PT${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${Number((seconds % 60).toFixed(3))}S`;
}

function cut(text: string, length: number, suffix: string): string {
  return text.length <= length ? text : text.slice(0, length - suffix.length) + suffix;
}
