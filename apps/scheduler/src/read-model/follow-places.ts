import type { Ledger } from '@muster/core/control/ledger';
import { AccountId } from '@muster/core/organization/ids';
import type { Model } from './model.ts';

const ENTRIES = 100;

/** What came of one look at the stream of changed places. */
interface PlaceStep {
  readonly changed: boolean;
  /** Whether there may be more at once. */
  readonly more: boolean;
}

/** Keeps accounts, targets and how they were read as the ledger has them. */
export function createPlaceFollower(deps: {
  readonly ledger: Pick<Ledger, 'placeChanges' | 'coverage'>;
  readonly model: Model;
}) {
  const { ledger, model } = deps;
  let placeId = '0-0';

  async function readAll(): Promise<void> {
    const endId = await ledger.placeChanges.end();
    const [accounts, coverages] = await Promise.all([ledger.coverage.accounts(), ledger.coverage.all()]);
    model.places.replace(
      accounts.map(({ account }) => account),
      coverages,
    );
    // Only now: what was not read is read with the next step.
    placeId = endId;
  }

  async function readSome(places: ReadonlySet<string>): Promise<void> {
    const accountIds = [...places].flatMap((id) => AccountId.safeParse(id).data ?? []);
    const targetIds = [...places].filter((id) => id.includes('.'));
    const [accounts, coverages] = await Promise.all([
      Promise.all(accountIds.map((id) => ledger.coverage.account(id))),
      ledger.coverage.some(targetIds),
    ]);
    model.places.remove(places);
    model.places.put(
      accounts.flatMap((known) => (known === null ? [] : [known.account])),
      coverages,
    );
  }

  return {
    /** Reads all places anew: at the start, and now and then for what was written without being told. */
    readAll,

    async step(): Promise<PlaceStep> {
      const { places, nextId, more, behind } = await ledger.placeChanges.read(placeId, ENTRIES);
      if (behind) await readAll();
      else {
        if (places.size > 0) await readSome(places);
        placeId = nextId;
      }
      return { changed: behind || places.size > 0, more: more || behind };
    },
  };
}
