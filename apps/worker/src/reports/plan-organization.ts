import { messageOf } from '@muster/core/runtime/errors';
import type {
  CleanUpReading,
  InventoryReading,
  OrganizationReading,
} from '@muster/core/reports/plan/plan-part';
import type { ReportId } from '@muster/core/reports/report';
import { catalog } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { TeleportNode } from '@muster/core/inventory/teleport-port';
import { planCleanUp } from './plan-clean-up.ts';
import { type Answered, answerPart, fanOutAccounts, type ReportDeps, workerName } from './report-part.ts';

/** Nodes held in memory at once. */
const CHUNK = 1_000;

/**
 * The inventory first, since every target is judged by it; then the accounts, each sent on as it is listed; while others read
 * them, what clean-up would remove.
 */
export async function handlePlanOrganization(
  { reportId }: { readonly reportId: ReportId },
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Answered> {
  const matcherKeys = deps.config.matchers.map(({ key }) => key);
  let inventory: InventoryReading = { state: 'unreadable', nodes: 0, detail: 'not read' };
  let cleanUp: CleanUpReading | null = null;
  const reading = (accounts: number, error: string | null): OrganizationReading => ({
    worker: workerName(),
    matcherKeys,
    inventory,
    accounts,
    error,
    cleanUp,
  });
  return answerPart(
    deps,
    ctx,
    reportId,
    'organization',
    async () => {
      inventory = await readInventory(reportId, ctx, deps);
      const accounts = await fanOutAccounts(deps, reportId, catalog['plan-account'], ctx.signal);
      cleanUp = await planCleanUp(deps);
      return reading(accounts, null);
    },
    (error) => reading(0, deps.redact(messageOf(error))),
  );
}

/** Copies the inventory into the report. One that cannot be read is said to be so: no host is then known to have joined. */
async function readInventory(
  reportId: ReportId,
  ctx: JobContext,
  deps: ReportDeps,
): Promise<InventoryReading> {
  if (deps.config.inventory.kind === 'none') return { state: 'none', nodes: 0, detail: '' };
  let nodes = 0;
  let chunk: TeleportNode[] = [];
  const flush = async (): Promise<void> => {
    await deps.reports.addNodes(reportId, chunk);
    chunk = [];
  };
  try {
    const now = deps.clock.now();
    for await (const node of deps.teleport.listNodes(ctx.signal)) {
      if (node.expiresAtMs !== null && node.expiresAtMs < now) continue;
      nodes += 1;
      chunk.push(node);
      if (chunk.length === CHUNK) await flush();
    }
    await flush();
    return { state: 'read', nodes, detail: '' };
  } catch (error) {
    ctx.signal.throwIfAborted();
    return { state: 'unreadable', nodes: 0, detail: deps.redact(messageOf(error)) };
  }
}
