/** Everything there is at one moment. Instances are bits of a mask; a batch, its marker and its command share a number. */

export type RecordState = 'queued' | 'sending' | 'installing' | 'installed' | 'failed';

export interface RecordCell {
  readonly state: RecordState;
  /** The batch it is claimed by or follows; 0 for none. */
  readonly batch: number;
  /** Mask of the batches whose end it has recorded. */
  readonly ended: number;
  readonly version: number;
}

export interface IntentCell {
  readonly batch: number;
  readonly instances: number;
  readonly intentAt: number;
  readonly notAfter: number;
  /** Null while no worker knows whether it was accepted. */
  readonly expiresAt: number | null;
  readonly version: number;
}

/** What lies in Redis. Immutable, so that a snapshot is a reference. */
export interface Redis {
  readonly word: number;
  readonly records: readonly (RecordCell | null)[];
  readonly intents: readonly IntentCell[];
  /** Epoch under which the target's commands were listed last. */
  readonly reconciled: number;
  /** When each epoch was first seen, as pairs of epoch and clock. */
  readonly seen: readonly (readonly [number, number])[];
  /** The due index of collect: pairs of batch and time. */
  readonly due: readonly (readonly [number, number])[];
  /** Since when sending is paused; null when it is not. */
  readonly pausedAt: number | null;
}

/** A request on its way. */
export interface RequestCell {
  readonly batch: number;
  readonly instances: number;
  /** The last moment, by AWS's clock, at which AWS takes it. */
  readonly until: number;
}

export interface CommandCell {
  readonly batch: number;
  readonly instances: number;
  readonly acceptedAt: number;
  readonly visible: boolean;
  /** Mask of instances on which it is not terminal. */
  readonly live: number;
  /** Mask of instances on which it ended well. */
  readonly good: number;
}

/** What a listing showed of one command. */
export interface Shown {
  readonly batch: number;
  readonly instances: number;
  readonly live: number;
  readonly good: number;
  readonly acceptedAt: number;
}

/** Where a worker is between two atomic actions, with what it holds in memory. */
export type Worker =
  | { readonly at: 'idle' }
  | { readonly at: 'list-recent'; readonly epoch: number }
  | { readonly at: 'adopt'; readonly epoch: number; readonly shown: readonly Shown[] }
  | { readonly at: 'pick'; readonly epoch: number }
  | {
      readonly at: 'claim';
      readonly epoch: number;
      readonly instances: number;
      readonly read: readonly (RecordCell | null)[];
    }
  | { readonly at: 'recheck'; readonly epoch: number; readonly intent: IntentCell }
  | { readonly at: 'sign'; readonly intent: IntentCell }
  | { readonly at: 'await-answer'; readonly intent: IntentCell }
  | { readonly at: 'record-accepted'; readonly intent: IntentCell }
  | { readonly at: 'record-refused'; readonly intent: IntentCell }
  | { readonly at: 'find'; readonly intent: IntentCell; readonly lease: number; readonly now: number }
  | {
      readonly at: 'resolve';
      readonly intent: IntentCell;
      readonly lease: number;
      /** When the look began; null when the clock is only asked afterwards. */
      readonly now: number | null;
      readonly found: Shown | null;
    }
  | { readonly at: 'follow'; readonly intent: IntentCell; readonly lease: number }
  | {
      readonly at: 'record-ends';
      readonly intent: IntentCell;
      readonly lease: number;
      readonly found: Shown | null;
    };

/**
 * `two-live`: a command was accepted on an instance that has a live one. `overwritten`: a decision made on one record was
 * written over another. `sent-paused`: a request left later than a send window after a pause. `orphaned`: an intent was closed, and
 * a record goes on waiting for it.
 */
export type Fault = 'two-live' | 'overwritten' | 'sent-paused' | 'orphaned';

export interface State {
  /** AWS's time. */
  readonly now: number;
  readonly redis: Redis;
  /** Redis's process, and which promotion of its data this is. */
  readonly run: number;
  readonly promotion: number;
  readonly snapshot: Redis | null;
  /** The process that was in charge before the last rollback. */
  readonly formerRun: number | null;
  readonly workers: readonly Worker[];
  readonly requests: readonly RequestCell[];
  readonly commands: readonly CommandCell[];
  /** Counters; the first three bound what may still happen. */
  readonly batches: number;
  readonly used: Readonly<
    Record<'crashes' | 'refusals' | 'flushes' | 'rollbacks' | 'failbacks' | 'pauses', number>
  >;
  readonly runs: number;
  readonly writes: number;
  /** What the last action did wrong; never part of what tells two states apart. */
  readonly fault: Fault | null;
}

export const EMPTY_REDIS: Omit<Redis, 'word' | 'records'> = {
  intents: [],
  reconciled: 0,
  seen: [],
  due: [],
  pausedAt: null,
};
