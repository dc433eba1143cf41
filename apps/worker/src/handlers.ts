import type { Catalog, JobName } from '@muster/core/jobs/catalog';
import type { PayloadOf, ResultOf } from '@muster/core/jobs/define-job';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { HandlerDeps } from './deps.ts';
import { handleCancelCommand } from './handlers/cancel-command.ts';
import { handleCheckAccount } from './handlers/check-account.ts';
import { handleCheckOrganization } from './handlers/check-organization.ts';
import { handleCheckTeleport } from './handlers/check-teleport.ts';
import { handleCollectCommand } from './handlers/collect-command.ts';
import { handleInstallBatch } from './handlers/install-batch.ts';
import { handleListAccounts } from './handlers/list-accounts.ts';
import { handleListRegions } from './handlers/list-regions.ts';
import { handlePlanAccount } from './handlers/plan-account.ts';
import { handlePlanOrganization } from './handlers/plan-organization.ts';
import { handlePlanTarget } from './handlers/plan-target.ts';
import { handleReadInventory } from './handlers/read-inventory.ts';
import { handleScanTarget } from './handlers/scan-target.ts';
import { handleVerifyJoined } from './handlers/verify-joined.ts';
import { handleWriteLabels } from './handlers/write-labels.ts';

type HandlerMap = {
  readonly [Name in JobName]: (
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
  'check-organization': handleCheckOrganization,
  'check-teleport': handleCheckTeleport,
  'check-account': handleCheckAccount,
  'plan-organization': handlePlanOrganization,
  'plan-account': handlePlanAccount,
  'plan-target': handlePlanTarget,
} satisfies HandlerMap;
