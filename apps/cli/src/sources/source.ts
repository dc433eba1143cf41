/** Where the answers of a verb that looks come from: the ledger in Redis, or the API of a scheduler. */
import type { InstanceId } from '@muster/core/organization/ids';
import type { Explanation } from '@muster/core/reports/explain-instance';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import type { WaveView } from '@muster/core/rollout/waves/wave-view';
import type { AccountLine } from '../lists/account-list.ts';
import type { CoverageLine } from '../lists/coverage-list.ts';
import type { FindingLine } from '../lists/finding-list.ts';
import type { InstanceLine } from '../lists/instance-list.ts';
import type { InstanceFilter } from './read-instances.ts';

/** The same answers, whichever way they come. Rows of a list come as they are read, and no more are read than are taken. */
export interface Source {
  /** The moment that relative times are counted from: the ledger's clock, or this machine's. */
  now(): number;
  status(): Promise<OrganizationStatus>;
  accounts(): AsyncIterable<AccountLine>;
  /** Exit code 64 for a state, cause, account or region that is not there. */
  instances(filter: InstanceFilter): AsyncIterable<InstanceLine>;
  findings(): AsyncIterable<FindingLine>;
  coverage(): AsyncIterable<CoverageLine>;
  waves(): Promise<readonly WaveView[]>;
  /** Null for one that no scan has seen. */
  explain(id: InstanceId): Promise<Explanation | null>;
}
