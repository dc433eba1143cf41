import type { WorldFile } from '@muster/aws-sim/world/file';
import type { WrittenInstance } from '@muster/aws-sim/world/written';
import type { AccountId, InstanceId, Region } from '@muster/core/domain/ids';
import type { Target } from '@muster/core/domain/target';

/** The management account of a written world: nothing runs in it. */
export const MANAGEMENT = '999988887777' as AccountId;
/** The account of a written world in which everything runs. */
export const ACCOUNT = '111122223333' as AccountId;
/** The first target of a written world. */
export const TARGET: Target = { accountId: ACCOUNT, region: 'eu-west-1' as Region };

/** The n-th written instance of a test. */
export function instanceId(n: number): InstanceId {
  return `i-0${n.toString(16).padStart(16, '0')}` as InstanceId;
}

/** Instances of the first target, one after the other: what is written here, and the n-th id. */
export function someInstances(
  count: number,
  facts: Partial<WrittenInstance> = {},
  from = 0,
): WrittenInstance[] {
  return Array.from({ length: count }, (_, n) => ({
    region: TARGET.region,
    id: instanceId(from + n),
    ...facts,
  }));
}

type WrittenAccount = NonNullable<WorldFile['accounts']>[number];

/** An organization with the management account and one more, whose hosts answer almost at once. */
export function aWorld(
  instances: readonly WrittenInstance[],
  facts: { readonly account?: Partial<WrittenAccount> } & Partial<WorldFile> = {},
): WorldFile {
  const { account, ...world } = facts;
  return {
    name: 'test',
    regions: [TARGET.region],
    latency: { visibilityMs: [0, 0], pickupMs: [0, 100], installMs: [100, 500] },
    accounts: [{ id: MANAGEMENT }, { id: ACCOUNT, instances: [...instances], ...account }],
    ...world,
  };
}
