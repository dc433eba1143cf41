import type { Catalog, WorkerJobName } from '@muster/core/jobs/catalog';
import type { Handlers, JobContext, PayloadOf, ResultOf } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from './deps.ts';
import { handleCancelCommand } from './install/cancel-command.ts';
import { handleCheckAccount } from './reports/check-account.ts';
import { handleCheckOrganization } from './reports/check-organization.ts';
import { handleCheckTeleport } from './reports/check-teleport.ts';
import { handleCleanNodes } from './inventory/clean-nodes.ts';
import { handleCollectCommand } from './install/collect-command.ts';
import { handleInstallBatch } from './install/install-batch.ts';
import { handleListAccounts } from './organization/list-accounts.ts';
import { handleListRegions } from './organization/list-regions.ts';
import { handlePlanAccount } from './reports/plan-account.ts';
import { handlePlanOrganization } from './reports/plan-organization.ts';
import { handlePlanTarget } from './reports/plan-target.ts';
import { handleReadInventory } from './inventory/read-inventory.ts';
import { handleRunAction } from './control/run-action.ts';
import { handleScanTarget } from './scan/scan-target.ts';
import { handleVerifyJoined } from './inventory/verify-joined.ts';
import { handleWriteLabels } from './inventory/write-labels.ts';

type HandlerMap = {
  readonly [Name in WorkerJobName]: (
    payload: PayloadOf<Catalog[Name]>,
    ctx: JobContext,
    deps: HandlerDeps,
  ) => Promise<ResultOf<Catalog[Name]>>;
};

/** One handler per kind of job; a missing or an extra one does not compile. */
export const HANDLERS = {
  'list-accounts': handleListAccounts,
  'list-regions': handleListRegions,
  'scan-target': handleScanTarget,
  'install-batch': handleInstallBatch,
  'cancel-command': handleCancelCommand,
  'collect-command': handleCollectCommand,
  'verify-joined': handleVerifyJoined,
  'read-inventory': handleReadInventory,
  'write-labels': handleWriteLabels,
  'clean-nodes': handleCleanNodes,
  'run-action': handleRunAction,
  'check-organization': handleCheckOrganization,
  'check-teleport': handleCheckTeleport,
  'check-account': handleCheckAccount,
  'plan-organization': handlePlanOrganization,
  'plan-account': handlePlanAccount,
  'plan-target': handlePlanTarget,
} satisfies HandlerMap;

/** The handlers as the queue calls them. A job gets the dependencies of the moment it begins, and keeps them. */
export function bindHandlers(current: () => HandlerDeps): Handlers<Catalog[WorkerJobName]> {
  const bound = Object.entries(HANDLERS).map(([name, handle]) => [
    name,
    (payload: never, ctx: JobContext) => handle(payload, ctx, current()),
  ]);
  // `satisfies` has compared each handler with its contract; `Object.entries` loses which name goes with which.
  return Object.fromEntries(bound) as Handlers<Catalog[WorkerJobName]>;
}
