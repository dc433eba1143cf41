/** Figures of the first pages that only the read model knows, read at most every few seconds however many look. */
import type { Overview } from '@muster/api/overview';
import type { ReadModel } from '../read-model/read-model.ts';
import { type ListAsked, NO_LIST } from './list-request.ts';

/** States in the order of a host's way; those that are no part of it come last. */
export const FUNNEL = [
  'discovered',
  'queued',
  'sending',
  'installing',
  'installed',
  'joined',
  'lost',
  'failed',
  'ineligible',
  'stopped',
  'unmatched',
  'gone',
] as const;

/** The host that has been in a state longest. */
export type Oldest = NonNullable<Overview['funnel'][number]['oldest']>;

export interface ModelFacts {
  /** By state; one without hosts is left out. */
  readonly oldest: ReadonlyMap<string, Oldest>;
  /** Accounts with a host of each cause. */
  readonly accountsByCause: ReadonlyMap<string, number>;
}

/** Empty while the read model has no data. @param causes those that hosts have */
export async function readModelFacts(
  readModel: Pick<ReadModel, 'instances' | 'accounts'>,
  causes: readonly string[],
): Promise<ModelFacts> {
  const [hosts, accounts] = await Promise.all([
    Promise.all(FUNNEL.map((state) => readModel.instances({ state: [state] }, LONGEST))),
    Promise.all(causes.map((cause) => readModel.accounts({ cause: [cause] }, ONE))),
  ]);
  return {
    oldest: new Map(
      hosts.flatMap((said) => {
        const [row] = said.kind === 'answer' ? said.value.items : [];
        return row === undefined
          ? []
          : [[row.state, { instanceId: row.instanceId, since: row.since }] as const];
      }),
    ),
    accountsByCause: new Map(
      accounts.flatMap((said, nth) =>
        said.kind === 'answer' ? [[causes[nth] ?? '', said.value.total] as const] : [],
      ),
    ),
  };
}

const ONE: ListAsked = { ...NO_LIST, limit: 1, sort: [{ field: 'accountId', descending: false }] };
const LONGEST: ListAsked = { ...NO_LIST, limit: 1, sort: [{ field: 'since', descending: false }] };
