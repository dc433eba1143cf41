import type { Redis } from 'ioredis';
import { parseStored, encodeStored, readEpochMs } from '../../enrollment/stored-schema.ts';
import { AccountId } from '../../organization/ids.ts';
import { readTargetId, targetId, type Target } from '../../organization/target.ts';
import type { Keys } from '../../redis/keys.ts';
import type { RunScript } from '../../redis/scripts.ts';
import { type Selection, StoredSelection } from './selection.ts';

/** What the gate of a changed configuration is judged by. */
export interface SelectionGate {
  /** Null before the first. */
  readonly acceptedId: string | null;
  /** Null while no change is under way. */
  readonly heldId: string | null;
  /** Whether the hosts that the held selection adds may be sent to. */
  readonly isOpen: boolean;
  /** Whether it was counted: it has a bound. */
  readonly isCounted: boolean;
}

/** A selection that has more than the accepted one. */
export interface HeldSelection {
  readonly id: string;
  /** When it was taken up, epoch ms of Redis. */
  readonly heldAtMs: number;
  /** Readings count that began at this date or later. */
  readonly countedSinceMs: number;
  /** Hosts that were selected when it was taken up; null where that is not known. */
  readonly selectedBefore: number | null;
  /** What it adds, as far as it was read. */
  readonly hosts: number;
  readonly accounts: number;
  /** Up to how much may be sent to; null before it was counted. */
  readonly most: Size | null;
  /** Whether what it adds may be sent to just now. */
  readonly isOpen: boolean;
}

interface Size {
  readonly hosts: number;
  readonly accounts: number;
}

function isWithin(added: Size, most: Size | null): boolean {
  return most !== null && added.hosts <= most.hosts && added.accounts <= most.accounts;
}

interface SelectionDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}

/** Which selection hosts are sent to by, and which one waits: see `selection.ts`. */
export function createSelectionLedger(deps: SelectionDeps) {
  const { redis, keys, run } = deps;
  const { selection: key, addedByTarget, addedByAccount } = keys;
  /** It may name thousands of accounts, and every scan asks for it while a change is under way. */
  let remembered: Selection | null = null;

  async function take(
    word: 'accept' | 'hold',
    selection: Selection,
    terms: {
      readonly acceptedId: string | null;
      readonly sweepId: string;
      readonly replaces: boolean;
      readonly selectedBefore?: number;
    },
  ): Promise<'done' | 'stale' | 'kept'> {
    const reply = await run(
      'hold-selection',
      [key, addedByTarget, addedByAccount, keys.sweep],
      [
        word,
        selection.id,
        encodeStored(selection),
        terms.acceptedId ?? '',
        terms.replaces ? 'anew' : 'keep',
        terms.sweepId,
        terms.selectedBefore ?? '',
      ],
    );
    return reply as 'done' | 'stale' | 'kept';
  }

  async function held(): Promise<HeldSelection | null> {
    const [
      id = null,
      heldAt,
      countedSince,
      hosts,
      accounts,
      mostHosts = null,
      mostAccounts = null,
      before = null,
    ] = await redis.hmget(
      key,
      'heldId',
      'heldAtMs',
      'countedSinceMs',
      'hosts',
      'accounts',
      'mostHosts',
      'mostAccounts',
      'selectedBefore',
    );
    if (id === null) return null;
    const most =
      mostHosts === null || mostAccounts === null
        ? null
        : { hosts: Number(mostHosts), accounts: Number(mostAccounts) };
    const added = { hosts: Number(hosts ?? 0), accounts: Number(accounts ?? 0) };
    return {
      id,
      heldAtMs: readEpochMs(heldAt),
      countedSinceMs: readEpochMs(countedSince),
      selectedBefore: before === null ? null : Number(before),
      ...added,
      most,
      isOpen: isWithin(added, most),
    };
  }

  return {
    /** Makes it the accepted one: what waits ends with it. Nothing happens (`stale`) when another one than `acceptedId` is accepted by now. */
    accept: (selection: Selection, acceptedId: string | null) =>
      take('accept', selection, { acceptedId, sweepId: '', replaces: true }),

    /**
     * Holds it: the hosts that it adds are counted from now on, by a sweep that begins with it. `replaces`: whatever other
     * selection is held is dropped.
     */
    hold: (
      selection: Selection,
      terms: {
        readonly acceptedId: string | null;
        readonly sweepId: string;
        readonly replaces: boolean;
        /**
         * How many hosts are selected now; absent where some of them are marked already. A change in the place of another keeps
         * its number.
         */
        readonly selectedBefore?: number;
      },
    ) => take('hold', selection, terms),

    /** What each send is judged by: asked before each, so it is small. */
    async gate(): Promise<SelectionGate> {
      const [acceptedId, change] = await Promise.all([redis.hget(key, 'acceptedId'), held()]);
      return {
        acceptedId,
        heldId: change?.id ?? null,
        isCounted: change !== null && change.most !== null,
        isOpen: change?.isOpen === true,
      };
    },

    /** Null before the first, and for one that cannot be read: then nothing is known to have been selected before. */
    async accepted(acceptedId: string): Promise<Selection | null> {
      if (remembered?.id === acceptedId) return remembered;
      const text = await redis.hget(key, 'accepted');
      const selection = text === null ? null : parseStored(StoredSelection, text);
      // Another one was accepted meanwhile: by the next scan, this one is asked for no more.
      if (selection?.id !== acceptedId) return null;
      remembered = selection;
      return selection;
    },

    /** Null while no change is under way. */
    held,

    ...createAddedCounts(deps),
  };
}

/** What the held selection adds, and how much of that may be sent to. */
function createAddedCounts({ redis, keys, run }: SelectionDeps) {
  const { selection: key, addedByTarget, addedByAccount } = keys;
  return {
    /** Says how many hosts of a target a held selection adds. Comes before their records. @returns whether that selection is held */
    async countAdded(id: string, target: Target, hosts: number): Promise<boolean> {
      const reply = await run(
        'count-added',
        [key, addedByTarget, addedByAccount],
        [id, targetId(target), target.accountId, hosts],
      );
      return reply === 1;
    },

    /** Up to how many added hosts, in how many accounts, may be sent to. */
    async bound(id: string, most: Size): Promise<void> {
      await run('bound-held', [key, addedByTarget, addedByAccount], [id, 'bound', most.hosts, most.accounts]);
    },

    /** The held selection becomes the accepted one: the change is over. */
    async acceptHeld(id: string): Promise<void> {
      await run('bound-held', [key, addedByTarget, addedByAccount], [id, 'accept']);
    },

    /** Accounts with the hosts that the held selection adds there, the most first. */
    async addedByAccount(): Promise<readonly { readonly accountId: AccountId; readonly hosts: number }[]> {
      const fields = await redis.hgetall(addedByAccount);
      return Object.entries(fields)
        .flatMap(([id, hosts]) => {
          const accountId = AccountId.safeParse(id).data;
          return accountId === undefined ? [] : [{ accountId, hosts: Number(hosts) }];
        })
        .toSorted((a, b) => b.hosts - a.hosts || (a.accountId < b.accountId ? -1 : 1));
    },

    /** Targets where it adds any. */
    async addedTargets(): Promise<readonly Target[]> {
      return (await redis.hkeys(addedByTarget)).flatMap((id) => readTargetId(id) ?? []);
    },
  };
}

/** The accepted selection, the held one, and what it adds. */
export type SelectionLedger = ReturnType<typeof createSelectionLedger>;
