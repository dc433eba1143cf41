/** Rows of the read model, with what only their records in the ledger say: to keep ids of every command and node would take its memory. */
import type { InstanceRow, InstanceSummary } from '@muster/api/instances';
import type { Page } from '@muster/api/paging';
import { InstanceId } from '@muster/core/organization/ids';
import { Target } from '@muster/core/organization/target';
import { type RecordFacts, recordFacts } from '@muster/core/reports/record-facts';
import type { ApiDeps } from './api-deps.ts';
import type { ListAsked } from './list-request.ts';

const NOT_KNOWN: RecordFacts = { waitsFor: null, commandId: null, nodeId: null };

type Deps = Pick<ApiDeps, 'ledger' | 'clock' | 'log'>;

/**
 * The page with these fields. One command of Redis per target of its rows reads their records, all at once with one for what
 * those targets wait for, and none where the fields are not asked for. While the ledger cannot be read the page is stale, and has the rows without them.
 */
export async function withRecords<Rows extends Page<InstanceSummary>>(
  page: Rows,
  { fields }: Pick<ListAsked, 'fields'>,
  deps: Deps,
): Promise<Omit<Rows, 'items'> & { readonly items: readonly InstanceRow[] }> {
  const isAsked = fields === null || fields.some((field) => Object.hasOwn(NOT_KNOWN, field));
  const plain = page.items.map((row) => ({ ...row, ...NOT_KNOWN }));
  if (!isAsked) return { ...page, items: plain };
  try {
    const facts = await readFacts(page.items, deps);
    return { ...page, items: plain.map((row) => ({ ...row, ...facts.get(row.instanceId) })) };
  } catch (error) {
    deps.log.warn({ err: error }, 'the records of a page cannot be read: its rows go without what they say');
    return { ...page, items: plain, stale: true };
  }
}

async function readFacts(
  rows: readonly InstanceSummary[],
  { ledger, clock }: Deps,
): Promise<ReadonlyMap<string, RecordFacts>> {
  const groups = [...Map.groupBy(rows, ({ accountId, region }) => `${accountId}.${region}`).values()];
  const targets = groups.map(([first]) => Target.parse(first));
  const [waits, ...read] = await Promise.all([
    ledger.waits.some(targets),
    ...targets.map((target, nth) =>
      ledger.enrollments.read(
        target,
        (groups[nth] ?? []).map(({ instanceId }) => InstanceId.parse(instanceId)),
      ),
    ),
  ]);
  const nowMs = clock.now();
  return new Map(
    read.flatMap((records, nth) =>
      [...records].map(([id, { value }]) => [id, recordFacts(value, waits[nth] ?? null, nowMs)] as const),
    ),
  );
}
