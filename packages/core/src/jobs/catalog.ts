import { cancelCommand } from './cancel-command.ts';
import { checkAccount } from './check-account.ts';
import { checkOrganization } from './check-organization.ts';
import { checkTeleport } from './check-teleport.ts';
import { collectCommand } from './collect-command.ts';
import { installBatch } from './install-batch.ts';
import { listAccounts } from './list-accounts.ts';
import { listRegions } from './list-regions.ts';
import { planAccount } from './plan-account.ts';
import { planOrganization } from './plan-organization.ts';
import { planTarget } from './plan-target.ts';
import { readInventory } from './read-inventory.ts';
import { scanTarget } from './scan-target.ts';
import { verifyJoined } from './verify-joined.ts';
import { writeLabels } from './write-labels.ts';

/** Every kind of job that a worker handles. A handler map that lacks one of these keys does not compile. */
export const catalog = {
  'list-accounts': listAccounts,
  'list-regions': listRegions,
  'scan-target': scanTarget,
  'install-batch': installBatch,
  'collect-command': collectCommand,
  'cancel-command': cancelCommand,
  'verify-joined': verifyJoined,
  'read-inventory': readInventory,
  'write-labels': writeLabels,
  'check-organization': checkOrganization,
  'check-teleport': checkTeleport,
  'check-account': checkAccount,
  'plan-organization': planOrganization,
  'plan-account': planAccount,
  'plan-target': planTarget,
} as const;

export type Catalog = typeof catalog;
export type JobName = keyof Catalog;
