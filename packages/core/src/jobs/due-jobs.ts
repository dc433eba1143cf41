import { BatchId, type AccountId } from '../organization/ids.ts';
import { ORGANIZATION_MEMBER, type DueKind } from './due.ts';
import { parseTargetId, targetId, type Target } from '../organization/target.ts';
import { catalog, type JobName } from './catalog.ts';

/** Which job does each kind of due work. */
export const JOB_OF_DUE = {
  accounts: 'list-accounts',
  regions: 'list-regions',
  scan: 'scan-target',
  install: 'install-batch',
  collect: 'collect-command',
  verify: 'verify-joined',
  inventory: 'read-inventory',
  labels: 'write-labels',
} as const satisfies Record<DueKind, JobName>;

/** The member of the `collect` index for one batch. */
export function collectMember(target: Target, batchId: BatchId): string {
  return `${targetId(target)}/${batchId}`;
}

/** The payload of the job that does a due member's work. Throws a ZodError for a member that Muster did not write. */
export function payloadOfDue(kind: DueKind, member: string): object {
  switch (kind) {
    case 'accounts':
    case 'inventory':
    case 'labels':
      if (member !== ORGANIZATION_MEMBER) throw new Error(`unknown member of the index ${kind}`);
      return {};
    case 'regions':
      return catalog['list-regions'].payload.parse({ accountId: member as AccountId });
    case 'scan':
    case 'install':
    case 'verify':
      return { target: parseTargetId(member) };
    case 'collect': {
      const slash = member.indexOf('/');
      return {
        target: parseTargetId(member.slice(0, slash)),
        batchId: BatchId.parse(member.slice(slash + 1)),
      };
    }
    default:
      return kind satisfies never;
  }
}
