import { randomUUID } from 'node:crypto';
import type { Command, Invocation, Refusal } from '../../commands/command.ts';
import { bindParameters, executionSeconds, type SsmDocument } from '../../commands/documents.ts';
import { startCommand } from '../../commands/run-command.ts';
import { ServiceError } from '../../server/service-error.ts';
import {
  type Checked,
  flag,
  integer,
  list,
  map,
  readRequest,
  required,
  structure,
  text,
} from '../../server/shapes.ts';
import type { Call } from '../../server/simulation.ts';
import { between, hashText } from '../../world/hash.ts';
import type { Instance } from '../../world/host-states.ts';
import type { Account } from '../../world/model.ts';
import { findInstance, instanceAt } from '../../world/world.ts';
import { commandView } from './command-views.ts';
import { isRegistered } from './managed-nodes.ts';
import { callerAccount } from './node-operations.ts';
import { authorizeByPolicy, authorizeDocument, authorizeHosts, targetRefusal } from './send-access.ts';

const INSTANCE_ID = /(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)/u;
const MAX_CONCURRENCY = /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/u;
const MAX_ERRORS = /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/u;

const SendCommand = {
  InstanceIds: list(text({ pattern: INSTANCE_ID }), { max: 50 }),
  Targets: list(
    structure({
      Key: text({
        min: 1,
        max: 163,
        pattern: /^[\p{L}\p{Z}\p{N}_.:/=\-@]*$|resource-groups:ResourceTypeFilters|resource-groups:Name/u,
      }),
      Values: list(text(), { max: 50 }),
    }),
    { max: 5 },
  ),
  DocumentName: required(text({ pattern: /^[a-zA-Z0-9_\-.:/]{3,128}$/u })),
  DocumentVersion: text({ pattern: /([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)/u }),
  DocumentHash: text({ max: 256 }),
  DocumentHashType: text({ oneOf: ['Sha256', 'Sha1'] }),
  TimeoutSeconds: integer({ min: 30, max: 2_592_000 }),
  Comment: text({ max: 100 }),
  Parameters: map(list(text())),
  OutputS3Region: text({ min: 3, max: 20 }),
  OutputS3BucketName: text({ min: 3, max: 63 }),
  OutputS3KeyPrefix: text({ max: 500 }),
  MaxConcurrency: text({ min: 1, max: 7, pattern: MAX_CONCURRENCY }),
  MaxErrors: text({ min: 1, max: 7, pattern: MAX_ERRORS }),
  ServiceRoleArn: text(),
  NotificationConfig: structure({
    NotificationArn: text(),
    NotificationEvents: list(
      text({ oneOf: ['All', 'InProgress', 'Success', 'TimedOut', 'Cancelled', 'Failed'] }),
    ),
    NotificationType: text({ oneOf: ['Command', 'Invocation'] }),
  }),
  CloudWatchOutputConfig: structure({
    CloudWatchLogGroupName: text({ min: 1, max: 512, pattern: /[.\-_/#A-Za-z0-9]+/u }),
    CloudWatchOutputEnabled: flag(),
  }),
  AlarmConfiguration: structure({
    IgnorePollAlarmFailure: flag(),
    Alarms: required(
      list(structure({ Name: required(text({ min: 1, max: 255, pattern: /(?!\s*$).+/u })) }), {
        min: 1,
        max: 1,
      }),
    ),
  }),
} as const;
type SendCommandInput = Checked<typeof SendCommand>;

/** Accepts a command or refuses it whole; an accepted one begins its life. */
export function sendCommand(call: Call, raw: unknown): unknown {
  const input = readRequest('ssm', SendCommand, raw);
  const account = callerAccount(call);
  const { region } = call.caller;
  const instanceIds = input.InstanceIds ?? [];
  const targets = input.Targets ?? [];
  if (instanceIds.length === 0 && targets.length === 0) {
    throw new ServiceError('ValidationException', 'No target instance ids or targets were specified.');
  }
  if (instanceIds.length > 0 && targets.length > 0) {
    throw new ServiceError('ValidationException', 'InstanceIds and Targets cannot be used together.');
  }
  authorizeDocument(call, input.DocumentName);
  authorizeByPolicy(call, account, input.DocumentName, instanceIds);
  const document = findDocument(call, account, input);
  const values = bindParameters(document, input.Parameters ?? {});
  const hosts =
    targets.length > 0 ? targetedHosts(call, account, targets) : namedHosts(call, account, instanceIds);
  if (targets.length === 0) {
    authorizeHosts(call, hosts);
    checkPlatforms(document, hosts);
  }
  checkOutput(input);
  const command = acceptCommand(call, {
    account,
    region,
    document,
    documentName: input.DocumentName,
    documentVersion: input.DocumentVersion ?? '$DEFAULT',
    comment: input.Comment ?? '',
    parameters: input.Parameters ?? {},
    values,
    timeoutSeconds: input.TimeoutSeconds ?? 3600,
    executionSeconds: executionSeconds(document, values),
    instanceIds,
    targets: targets.map((target) => ({ Key: target.Key ?? '', Values: target.Values ?? [] })),
    maxConcurrency: input.MaxConcurrency ?? '50',
    maxErrors: input.MaxErrors ?? '0',
    serviceRole: input.ServiceRoleArn ?? '',
    notification: input.NotificationConfig ?? {},
    cloudWatch: input.CloudWatchOutputConfig ?? {},
    alarms: input.AlarmConfiguration?.Alarms ?? [],
    outputS3: {
      bucket: input.OutputS3BucketName ?? '',
      prefix: input.OutputS3KeyPrefix ?? '',
      region: input.OutputS3Region ?? '',
    },
    hosts,
  });
  return { Command: commandView(command, call.nowMs, true) };
}

type Accepted = Pick<
  Command,
  | 'account'
  | 'region'
  | 'document'
  | 'documentName'
  | 'documentVersion'
  | 'comment'
  | 'parameters'
  | 'values'
  | 'timeoutSeconds'
  | 'executionSeconds'
  | 'instanceIds'
  | 'targets'
  | 'maxConcurrency'
  | 'maxErrors'
  | 'outputS3'
  | 'serviceRole'
  | 'notification'
  | 'cloudWatch'
  | 'alarms'
> & { readonly hosts: readonly Instance[] };

function acceptCommand(call: Call, accepted: Accepted): Command {
  const { sim, nowMs } = call;
  const { hosts, ...parts } = accepted;
  const number = sim.commands.nextNumber();
  const [soonest, latest] = sim.world.latency.visibilityMs;
  const first = hosts[0]?.id ?? String(number);
  const hiddenMs = between(hashText(sim.world.seed, `visible/${first}`), soonest, latest) / sim.clock.speed;
  const command: Command = {
    ...parts,
    id: randomUUID(),
    number,
    requestedAtMs: nowMs,
    expiresAtMs: nowMs + (parts.timeoutSeconds + parts.executionSeconds) * 1000,
    visibleAtMs: nowMs + hiddenMs,
    principalArn: call.caller.principal.arn,
    invocations: [],
    open: hosts.length,
    cancelledAtMs: null,
  };
  for (const host of hosts) {
    const refusal = targetRefusal(call, parts.document, host);
    command.invocations.push(pendingInvocation(command, host, refusal));
  }
  sim.commands.add(command);
  startCommand({ world: sim.world, clock: sim.clock, network: () => sim.network }, command);
  return command;
}

function pendingInvocation(command: Command, host: Instance, refusal: Refusal | null): Invocation {
  return {
    command,
    instanceId: host.id,
    hostname: host.hostname,
    platformType: host.ssm?.platformType ?? 'Linux',
    refusal,
    startedAtMs: null,
    delayedAtMs: null,
    cancellingAtMs: null,
    endedAtMs: null,
    end: null,
  };
}

function findDocument(call: Call, account: Account, input: SendCommandInput): SsmDocument {
  const document = call.sim.documents.find(account.id, call.caller.region, input.DocumentName);
  if (document === undefined) {
    throw new ServiceError('InvalidDocument', `Document with name ${input.DocumentName} does not exist.`);
  }
  const version = input.DocumentVersion ?? '$DEFAULT';
  if (!['$DEFAULT', '$LATEST', '1'].includes(version)) {
    throw new ServiceError(
      'InvalidDocumentVersion',
      `The document version ${version} is not valid or does not exist.`,
    );
  }
  return document;
}

/** One id that cannot be served fails the whole call, which names all of them. */
function namedHosts(call: Call, account: Account, ids: readonly string[]): Instance[] {
  if (new Set(ids).size < ids.length) {
    throw new ServiceError(
      'DuplicateInstanceId',
      'You cannot specify an instance ID in more than one association.',
    );
  }
  const hosts: Instance[] = [];
  const invalid: string[] = [];
  for (const id of ids) {
    const host = findInstance(call.sim.world, id);
    const mine = host?.account === account && host.region === call.caller.region;
    const alive =
      host?.state === 'running' ||
      host?.state === 'pending' ||
      host?.state === 'stopped' ||
      host?.state === 'stopping';
    const known = host !== undefined && isRegistered(host, call.sim.clock, call.nowMs);
    if (known && mine && alive) hosts.push(host);
    else invalid.push(id);
  }
  if (invalid.length > 0) {
    throw new ServiceError(
      'InvalidInstanceId',
      `Instances [[${invalid.join(', ')}]] not in a valid state for account ${account.id}`,
    );
  }
  return hosts;
}

function checkPlatforms(document: SsmDocument, hosts: readonly Instance[]): void {
  const misfits = hosts.filter((host) => !document.platformTypes.includes(host.ssm?.platformType ?? ''));
  if (misfits.length > 0) {
    throw new ServiceError(
      'UnsupportedPlatformType',
      `Document ${document.name} is not supported on the platform of instances [${misfits.map((host) => host.id).join(', ')}]`,
    );
  }
}

function checkOutput(input: SendCommandInput): void {
  if (input.OutputS3BucketName !== undefined && !/^[a-z0-9][a-z0-9.-]*$/u.test(input.OutputS3BucketName)) {
    throw new ServiceError('InvalidOutputFolder', "The S3 bucket doesn't exist.");
  }
  if (
    input.NotificationConfig?.NotificationArn !== undefined &&
    input.NotificationConfig.NotificationArn !== ''
  ) {
    if (!input.NotificationConfig.NotificationArn.startsWith('arn:aws:sns:')) {
      throw new ServiceError('InvalidNotificationConfig', "One or more configuration items isn't valid.");
    }
    if (input.ServiceRoleArn === undefined) {
      throw new ServiceError('InvalidRole', "The role name can't contain invalid characters or is missing.");
    }
  }
}

/** Managed nodes that all targets match; ids that are not there are simply not matched. */
function targetedHosts(
  call: Call,
  account: Account,
  targets: readonly { readonly Key: string | undefined; readonly Values: readonly string[] | undefined }[],
): Instance[] {
  const { world, clock } = call.sim;
  const { region } = call.caller;
  const hosts: Instance[] = [];
  for (let slot = 0; slot < world.fleet.slots(account, region); slot += 1) {
    const host = instanceAt(world, account, region, slot);
    if (host.state !== 'running' || !isRegistered(host, clock, call.nowMs)) continue;
    if (targets.every((target) => targetMatches(host, target.Key ?? '', target.Values ?? []))) {
      hosts.push(host);
    }
  }
  return hosts;
}

function targetMatches(host: Instance, key: string, values: readonly string[]): boolean {
  if (key === 'InstanceIds' || key === 'instanceids') return values.includes('*') || values.includes(host.id);
  if (key === 'tag-key') return values.some((value) => Object.hasOwn(host.tags, value));
  if (key.startsWith('tag:')) return values.includes(host.tags[key.slice(4)] ?? '');
  throw new ServiceError('ValidationException', `The target key ${key} is not supported.`);
}
