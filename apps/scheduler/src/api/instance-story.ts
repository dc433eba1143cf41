import type { InstanceStory } from '@muster/api/instances';
import type { InstanceId, Region } from '@muster/core/organization/ids';
import { CommandId } from '@muster/core/organization/ids';
import { explainInstance, type Explanation } from '@muster/core/reports/explain-instance';
import { instanceLink, invocationLink, nodeLink } from '@muster/core/reports/instance-links';
import { causeFacts } from '@muster/core/enrollment/cause';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { Target } from '@muster/core/organization/target';
import { terminalText } from '@muster/core/runtime/terminal-text';
import type { ApiDeps } from './api-deps.ts';

/** All that is known of an instance; null for one that no scan has seen. */
export async function tellStory(deps: ApiDeps, id: InstanceId): Promise<InstanceStory | null> {
  const { ledger, config, clock, readModel } = deps;
  const explained = await explainInstance({ ledger, config: config(), nowMs: clock.now() }, id);
  if (explained === null) return null;
  const target = await ledger.enrollments.targetOf(id);
  const [record, account, timeline] = await Promise.all([
    target === null ? null : readRecord(deps, target, id),
    target === null ? null : ledger.coverage.account(target.accountId),
    readModel.timeline(id),
  ]);
  const told = timeline.kind === 'answer' ? timeline.value : null;
  const { instanceId, accountId, region, state, since, cause, title, remedy } = explained;
  const { nextAttemptAt, waitsFor, pausedBy, matcher, missingNode, hostManagement } = explained;
  return {
    instanceId,
    accountId,
    accountName: account?.account.name ?? '',
    region,
    state,
    since,
    cause,
    causeTitle: title,
    owner: cause === null ? null : causeFacts(cause).owner,
    remedy,
    nextAttemptAt,
    waitsFor,
    pausedBy,
    matcher,
    missingNode,
    hostManagement,
    ...factsOf(record),
    target: {
      status: explained.targetStatus,
      lastRead: explained.targetLastRead,
      lastComplete: explained.targetLastComplete,
    },
    attempts: explained.attempts.map((attempt) => ({ ...attempt, output: terminalText(attempt.output) })),
    attemptCount: explained.attemptCount,
    sweepId: explained.sweepId,
    outputAlike: explained.outputAlike,
    timeline: (told?.transitions ?? []).map(({ atMs, ...change }) => ({ at: timeOf(atMs), ...change })),
    timelineSince: sinceOf(told?.sinceMs ?? null, told === null, clock.now()),
    links: linksOf(deps, explained, record),
  };
}

async function readRecord(
  { ledger }: Pick<ApiDeps, 'ledger'>,
  target: Target,
  id: InstanceId,
): Promise<StoredRecord | null> {
  return (await ledger.enrollments.read(target, [id])).get(id)?.value ?? null;
}

type Facts = Pick<
  InstanceStory,
  'name' | 'tags' | 'wave' | 'platform' | 'firstSeenAt' | 'launchedAt' | 'joinedAt'
>;

function factsOf(record: StoredRecord | null): Facts {
  const tags = record?.tags ?? {};
  const wave = record?.wave ?? '';
  return {
    name: tags['Name'] ?? '',
    tags,
    wave: wave === '' ? null : wave,
    platform: record?.platform ?? null,
    firstSeenAt: record === null ? null : timeOf(record.firstSeenAtMs),
    launchedAt: record === null || record.launchedAtMs === null ? null : timeOf(record.launchedAtMs),
    joinedAt: record === null || record.joinedAtMs === null ? null : timeOf(record.joinedAtMs),
  };
}

/** Where nothing of it was read, nothing before now is known. */
function sinceOf(sinceMs: number | null, isUnread: boolean, nowMs: number): string | null {
  if (sinceMs === null) return isUnread ? timeOf(nowMs) : null;
  return timeOf(Number.isFinite(sinceMs) ? sinceMs : nowMs);
}

function linksOf(
  { config }: Pick<ApiDeps, 'config'>,
  { instanceId, region, attempts }: Explanation,
  record: StoredRecord | null,
): InstanceStory['links'] {
  const id = instanceId as InstanceId;
  const live = record !== null && 'commandId' in record ? record.commandId : undefined;
  const command = live ?? CommandId.safeParse(attempts.at(-1)?.commandId).data;
  const isJoined = record !== null && record.joinedAtMs !== null;
  return {
    ec2: instanceLink(region as Region, id),
    command: command === undefined ? null : invocationLink(region as Region, command, id),
    teleport: isJoined ? nodeLink(config(), id) : null,
  };
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
