import { AccountsPage, type AccountRow, TargetsPage, type TargetRow } from '@muster/api/accounts';
import { FindingsPage, type FindingRow } from '@muster/api/findings';
import { InstanceRow, InstancesPage, InstanceStory } from '@muster/api/instances';
import { Overview } from '@muster/api/overview';
import { Rollout, WavesPage } from '@muster/api/rollout';
import { causeFacts, isCause } from '@muster/core/enrollment/cause';
import { ENROLLMENT_STATES } from '@muster/core/enrollment/record';
import type { WaveView } from '@muster/core/rollout/waves/wave-view';
import { z } from 'zod';
import { CommandError, EXIT } from '../command-context.ts';
import type { AccountLine } from '../lists/account-list.ts';
import type { CoverageLine } from '../lists/coverage-list.ts';
import type { FindingLine } from '../lists/finding-list.ts';
import type { InstanceLine } from '../lists/instance-list.ts';
import type { InstanceFilter } from '../sources/read-instances.ts';
import type { Asked, Rows, Source } from '../sources/source.ts';
import type { ApiClient, Query } from './api-client.ts';
import { explanationOf } from './explanation-of.ts';
import { readPages } from './read-pages.ts';
import { statusOf } from './status-of.ts';

/** A scheduler of an older release does not tell what only the ledger knows of a row. */
const { shape } = InstanceRow;
const ReadInstances = InstancesPage.extend({
  items: z.array(
    InstanceRow.extend({
      waitsFor: shape.waitsFor.default(null),
      commandId: shape.commandId.default(null),
      nodeId: shape.nodeId.default(null),
    }),
  ),
});

/** The answers as a scheduler's API has them. */
export function apiSource(client: ApiClient): Source {
  const rows = <Row, Line>(
    path: string,
    page: Parameters<typeof readPages<Row>>[2],
    lineOf: (row: Row) => Line,
    { sort, most }: Asked,
    query: Query = {},
  ): Rows<Line> => {
    const read = readPages(client, path, page, { ...query, sort: sort === '' ? undefined : sort }, most);
    return { total: () => read.total(), [Symbol.asyncIterator]: () => mapped(read, lineOf) };
  };
  return {
    now: () => Date.now(),
    isSorted: true,
    status: async () => {
      const [overview, findings, rollout] = await Promise.all([
        must(client, client.get('/overview', Overview)),
        collect(readPages(client, '/findings', FindingsPage)),
        must(client, client.get('/rollout', Rollout)),
      ]);
      return statusOf(overview, findings, rollout);
    },
    accounts: (asked) => rows('/accounts', AccountsPage, accountLine, asked),
    instances: (filter, asked) => {
      const { state, cause, accountId, region } = filter;
      const query = {
        state: state ?? undefined,
        cause: cause ?? undefined,
        account: accountId ?? undefined,
        region: region ?? undefined,
      };
      return refusingSlips(client, rows('/instances', ReadInstances, instanceLine, asked, query), filter);
    },
    findings: (asked) => rows('/findings', FindingsPage, findingLine, asked),
    coverage: (asked) => rows('/targets', TargetsPage, coverageLine, asked),
    // Words of a newer release are shown as they are.
    waves: async () => (await collect(readPages(client, '/waves', WavesPage))) as readonly WaveView[],
    explain: async (id) => {
      const story = await client.get(`/instances/${id}`, InstanceStory);
      return story === null ? null : explanationOf(story);
    },
  };
}

async function must<T>(client: ApiClient, answer: Promise<T | null>): Promise<T> {
  const got = await answer;
  if (got !== null) return got;
  throw new CommandError(
    EXIT.failed,
    `${client.name} is no scheduler of this release, or its API is elsewhere`,
  );
}

async function collect<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

async function* mapped<Row, Line>(
  rows: AsyncIterable<Row>,
  lineOf: (row: Row) => Line,
): AsyncGenerator<Line> {
  for await (const row of rows) yield lineOf(row);
}

/** A word that neither this release nor any row knows is a slip, and must not look like an answer. */
function refusingSlips(
  client: ApiClient,
  rows: Rows<InstanceLine>,
  { state, cause, accountId, region }: InstanceFilter,
): Rows<InstanceLine> {
  async function* checked(): AsyncGenerator<InstanceLine> {
    let isEmpty = true;
    for await (const row of rows) {
      isEmpty = false;
      yield row;
    }
    if (!isEmpty) return;
    if (accountId !== null && (await client.get(`/accounts/${accountId}`, z.unknown())) === null) {
      throw new CommandError(
        EXIT.usage,
        `--account ${accountId}: no such account is in scope: muster accounts lists those that are`,
      );
    }
    if (region !== null && !(await isKnownRegion(client, region))) {
      throw new CommandError(
        EXIT.usage,
        `--region ${region}: no such region is in scope: muster coverage lists those that are`,
      );
    }
    if (state !== null && !ENROLLMENT_STATES.some((one) => one === state)) {
      throw new CommandError(
        EXIT.usage,
        `--state ${state}: there is no such state; there are ${ENROLLMENT_STATES.join(', ')}`,
      );
    }
    if (cause !== null && !isCause(cause)) {
      throw new CommandError(
        EXIT.usage,
        `--cause ${cause}: there is no such cause; muster findings lists those that are met`,
      );
    }
  }
  return { total: () => rows.total?.() ?? null, [Symbol.asyncIterator]: checked };
}

/** In scope, or with instances left from when it was. */
async function isKnownRegion(client: ApiClient, region: string): Promise<boolean> {
  const query = { region, limit: 1 };
  const [targets, instances] = await Promise.all([
    must(client, client.get('/targets', TargetsPage, query)),
    must(client, client.get('/instances', ReadInstances, query)),
  ]);
  return targets.total + instances.total > 0;
}

function instanceLine(row: InstanceRow): InstanceLine {
  const { instanceId, name, accountId, accountName, region, state, cause, since } = row;
  const { attempts, nextAttemptAt, lastExitCode, platform, wave } = row;
  const { waitsFor, commandId, nodeId } = row;
  return {
    instanceId,
    name,
    accountId,
    accountName,
    region,
    state,
    cause,
    since,
    attempts,
    nextAttemptAt,
    waitsFor,
    commandId,
    nodeId,
    exitCode: lastExitCode,
    output: null,
    platform,
    wave,
  };
}

function accountLine(row: AccountRow): AccountLine {
  const { accountId, name, unitPath, status, cause, detail, regions, hosts } = row;
  const { joined, lost, failed, ineligible, underWay, lastCompleteAt } = row;
  return {
    accountId,
    name,
    unitPath,
    status,
    cause,
    detail,
    regions,
    hosts,
    joined,
    lost,
    failed,
    ineligible,
    underWay,
    lastCompleteAt,
  };
}

function findingLine({
  kind,
  scope,
  count,
  since,
  message,
  remedy,
  owner,
  severity,
  muted,
}: FindingRow): FindingLine {
  const isCauseRow = kind.startsWith('cause:');
  return {
    kind: isCauseRow ? kind.slice('cause:'.length) : kind,
    scope: isCauseRow ? 'instances' : scope,
    count,
    since,
    message,
    remedy,
    owner,
    severity,
    muted,
  };
}

function coverageLine(row: TargetRow): CoverageLine {
  const { accountId, accountName, region, status, lastReadAt, lastCompleteAt, cause, detail } = row;
  return {
    accountId,
    accountName,
    region,
    status,
    lastReadAt,
    lastCompleteAt,
    cause,
    detail: detail === '' ? null : detail,
    remedy: cause === null ? null : causeFacts(cause).remedy,
  };
}
