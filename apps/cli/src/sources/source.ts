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

/** What of a list is asked for. */
export interface Asked {
  /** As `--sort` has it; empty for the list's own order. A source that does not sort leaves that to the reader. */
  readonly sort: string;
  /** No more rows than these will be taken; null for all. */
  readonly most: number | null;
}

/** Rows of a list, read as they are taken. */
export interface Rows<Row> extends AsyncIterable<Row> {
  /** How many there are, once the first was read; absent, or null, where only reading all of them tells. */
  readonly total?: () => number | null;
}

/** The same answers, whichever way they come. Rows of a list come as they are read, and no more are read than are taken. */
export interface Source {
  /** The moment that relative times are counted from: the ledger's clock, or this machine's. */
  now(): number;
  /** Whether lists come in the order that was asked for. */
  readonly isSorted: boolean;
  status(): Promise<OrganizationStatus>;
  accounts(asked: Asked): Rows<AccountLine>;
  /** Exit code 64 for a state, cause, account or region that is not there. */
  instances(filter: InstanceFilter, asked: Asked): Rows<InstanceLine>;
  findings(asked: Asked): Rows<FindingLine>;
  coverage(asked: Asked): Rows<CoverageLine>;
  waves(): Promise<readonly WaveView[]>;
  /** Null for one that no scan has seen. */
  explain(id: InstanceId): Promise<Explanation | null>;
}
