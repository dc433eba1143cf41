import type { Account as AwsAccount } from '@aws-sdk/client-organizations';
import type { Instance as AwsInstance, Reservation } from '@aws-sdk/client-ec2';
import type { CommandInvocation, CommandPlugin, InstanceInformation } from '@aws-sdk/client-ssm';
import type { Account } from '../organization/account.ts';
import { STATUS_DETAILS, type Invocation, type StatusDetails } from '../install/command.ts';
import { JobError } from '../runtime/errors.ts';
import { AccountId, CommandId, InstanceId } from '../organization/ids.ts';
import type { Instance, InstanceState, ManagedNode } from '../scan/instance.ts';

/**
 * AWS's replies in our nouns: the fields that decide something, nothing else. An element without a readable id is nothing
 * we could act on or report, and reads as null. One with an id and an unreadable rest must not vanish, or it
 * would count as gone: `aws.unavailable`.
 */

const INSTANCE_STATES: ReadonlySet<string> = new Set<InstanceState>([
  'pending',
  'running',
  'stopping',
  'stopped',
  'shutting-down',
  'terminated',
]);

/** Null when the element has no readable id. Throws `aws.unavailable` when it has one and its owner or state cannot be read. */
export function readInstance(reservation: Reservation, instance: AwsInstance): Instance | null {
  const id = InstanceId.safeParse(instance.InstanceId);
  if (!id.success) return null;
  const owner = AccountId.safeParse(reservation.OwnerId);
  const state = instance.State?.Name;
  if (!owner.success || state === undefined || !INSTANCE_STATES.has(state)) {
    throw new JobError(
      'aws.unavailable',
      `ec2:DescribeInstances: ${id.data} has no readable owner or state`,
      {
        retry: 'backoff',
      },
    );
  }
  return {
    instanceId: id.data,
    ownerId: owner.data,
    state,
    platform: instance.Platform?.toLowerCase() === 'windows' ? 'windows' : 'other',
    tags: readTags(instance.Tags ?? []),
    launchedAtMs: readTime(instance.LaunchTime),
    hasInstanceProfile: instance.IamInstanceProfile !== undefined,
  };
}

/** Without a prototype: a tag may be called `constructor`, and a missing one must be missing. */
function readTags(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[],
): Record<string, string> {
  const read = Object.create(null) as Record<string, string>;
  for (const { Key, Value } of tags) if (Key !== undefined) read[Key] = Value ?? '';
  return read;
}

/** Whether SSM shows a machine outside of EC2: one of ours it can never be, and it is not to be taken for a broken element. */
export function isHybridNode({ InstanceId: id, ResourceType: type }: InstanceInformation): boolean {
  return id?.startsWith('mi-') === true || type === 'ManagedInstance';
}

/** Null for a hybrid node (`mi-`), or without a readable id. A ping status that AWS adds later reads as `Inactive`, a platform as `Linux`. */
export function readManagedNode(node: InstanceInformation): ManagedNode | null {
  const id = InstanceId.safeParse(node.InstanceId);
  if (!id.success) return null;
  const { PingStatus, PlatformType } = node;
  return {
    instanceId: id.data,
    pingStatus: PingStatus === 'Online' || PingStatus === 'ConnectionLost' ? PingStatus : 'Inactive',
    lastPingAtMs: readTime(node.LastPingDateTime),
    agentVersion: node.AgentVersion ?? '',
    platformType: PlatformType === 'Windows' || PlatformType === 'MacOS' ? PlatformType : 'Linux',
    platformName: node.PlatformName ?? '',
  };
}

const ACCOUNT_STATES: ReadonlySet<string> = new Set<Account['state']>([
  'ACTIVE',
  'PENDING_ACTIVATION',
  'SUSPENDED',
  'PENDING_CLOSURE',
  'CLOSED',
]);

/**
 * Null without a readable id. `State` is the newer word and wins; `Status` is read where it is absent. A word that neither
 * list knows reads as SUSPENDED: not entered, and shown.
 */
export function readAccount(account: AwsAccount, ancestorIds: readonly string[]): Account | null {
  const id = AccountId.safeParse(account.Id);
  if (!id.success) return null;
  const state = account.State ?? account.Status ?? '';
  return {
    accountId: id.data,
    name: account.Name ?? '',
    state: ACCOUNT_STATES.has(state) ? (state as Account['state']) : 'SUSPENDED',
    ancestorIds,
  };
}

/** Where an account stands, out of `o-x/r-y/ou-a/ou-b/111122223333/`; null when the path is not of that form. */
export function readAccountPath(path: string): { organizationId: string; ancestorIds: string[] } | null {
  const parts = path.split('/').filter((part) => part !== '');
  const [organizationId, ...rest] = parts;
  const ancestorIds = rest.slice(0, -1);
  const isPath = organizationId?.startsWith('o-') === true && ancestorIds[0]?.startsWith('r-') === true;
  return isPath ? { organizationId, ancestorIds } : null;
}

/** The organization in the ARN of an account or a root: `arn:aws:organizations::MANAGEMENT:root/o-x/r-y`; null when it names none. */
export function readOrganizationId(arn: string | undefined): string | null {
  return /^arn:[a-z-]+:organizations::\d{12}:(?:account|root)\/(o-[a-z0-9]+)\//.exec(arn ?? '')?.[1] ?? null;
}

/** Any word that we do not know, and none, is `Unknown`. Documentation spells some with spaces (`Delivery Timed Out`), replies without. */
export function readStatusDetails(word: string | undefined): StatusDetails {
  const plain = (word ?? '').replaceAll(' ', '');
  return STATUS_DETAILS.find((known) => known === plain) ?? 'Unknown';
}

/** Null without readable ids (a hybrid node, or not ours to know). */
export function readInvocation(invocation: CommandInvocation): Invocation | null {
  const commandId = CommandId.safeParse(invocation.CommandId);
  const instanceId = InstanceId.safeParse(invocation.InstanceId);
  if (!commandId.success || !instanceId.success) return null;
  const plugin = choosePlugin(invocation.CommandPlugins ?? []);
  return {
    commandId: commandId.data,
    instanceId: instanceId.data,
    comment: invocation.Comment ?? '',
    documentName: invocation.DocumentName ?? '',
    requestedAtMs: readTime(invocation.RequestedDateTime) ?? 0,
    statusDetails: readStatusDetails(invocation.StatusDetails),
    plugin:
      plugin === null
        ? null
        : { name: plugin.Name ?? '', responseCode: plugin.ResponseCode ?? -1, output: plugin.Output ?? '' },
  };
}

/**
 * A step whose precondition did not hold reports Success and code 0, and says so in its output only
 * (amazon-ssm-agent, `pluginutil`: "Step execution skipped due to …").
 */
const SKIPPED_STEP = 'Step execution skipped';

/** The step that tells how the invocation went: the first that failed, else the last that really ran, else the last skipped one. */
function choosePlugin(plugins: readonly CommandPlugin[]): CommandPlugin | null {
  const finished = plugins.filter((plugin) => plugin.Status !== 'Pending' && plugin.Status !== 'InProgress');
  const failed = finished.find((plugin) => plugin.Status !== 'Success' || (plugin.ResponseCode ?? 0) !== 0);
  const ran = finished.filter((plugin) => plugin.Output?.startsWith(SKIPPED_STEP) !== true);
  return failed ?? ran.at(-1) ?? finished.at(-1) ?? null;
}

function readTime(date: Date | undefined): number | null {
  const ms = date?.getTime() ?? Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
