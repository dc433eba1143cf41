/** What the scheduler's thread asks the thread of the read model, and what comes back. Everything is plain data. */
import type { CoverageMap, TargetRow, UnitRow } from '@muster/api/accounts';
import type { InstanceFilter } from '@muster/api/instances';
import type { Answer, FoundPage, WantedPage } from './answer.ts';
import type { ModelChange, ModelState } from './follow-ledger.ts';
import type { InstanceCounts } from './instance-counts.ts';
import type { InstanceList, ListedInstance } from './instance-list.ts';
import type { AccountFilter, TargetFilter } from './place-list.ts';
import type { AccountSums } from './place-rollup.ts';
import type { PlainRedis } from './thread-redis.ts';
import type { Timeline } from './transition-table.ts';

interface Listed<Filter> {
  readonly filter: Filter;
  readonly page: WantedPage;
}

/** Questions by name: what is asked with, and what is answered. */
export interface Questions {
  state: { readonly with: null; readonly answer: null };
  instances: { readonly with: Listed<InstanceFilter>; readonly answer: InstanceList };
  counts: { readonly with: InstanceFilter; readonly answer: InstanceCounts };
  instancesOf: {
    readonly with: { readonly filter: InstanceFilter; readonly afterId: string; readonly limit: number };
    readonly answer: readonly ListedInstance[];
  };
  accounts: { readonly with: Listed<AccountFilter>; readonly answer: FoundPage<AccountSums> };
  account: { readonly with: string; readonly answer: AccountSums | null };
  units: { readonly with: WantedPage; readonly answer: FoundPage<UnitRow> };
  targets: { readonly with: Listed<TargetFilter>; readonly answer: FoundPage<TargetRow> };
  map: { readonly with: AccountFilter; readonly answer: CoverageMap };
  timeline: { readonly with: string; readonly answer: Timeline };
}

export type Topic = keyof Questions;

/** To the thread. */
export type Message =
  | {
      readonly [T in Topic]: { readonly id: number; readonly topic: T; readonly with: Questions[T]['with'] };
    }[Topic]
  | 'close';

/** From the thread. */
export type Reply =
  | {
      readonly kind: 'reply';
      readonly id: number;
      readonly answer: Answer<unknown>;
      readonly state: ModelState;
    }
  | { readonly kind: 'fault'; readonly id: number; readonly error: Error }
  | { readonly kind: 'changed'; readonly change: ModelChange }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly message: string;
    };

/** What the thread begins with. */
export interface ThreadSettings {
  readonly redis: PlainRedis;
  readonly pollMs: number;
}
