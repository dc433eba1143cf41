/**
 * What can be varied: the protocol's own waits and safety measures, and what the world may do to it. Times are ticks;
 * one tick stands for ten seconds, and the long waits are shortened in proportion, since only their order matters.
 */

/** A measure of the protocol, by what it is or how long it waits. */
export interface Protocol {
  /** From the intent until its request may no longer leave. Ticks. */
  readonly sendWindow: number;
  /** From the intent until "not found" is conclusive. Ticks. */
  readonly resendAfter: number;
  /** From the first sight of a new epoch until a listing of the target is believed. Ticks. */
  readonly epochWait: number;
  /** Past a command's expiry by more than this, by our clock, it has ended. Ticks. */
  readonly expiryMargin: number;
  /** By how much we take a command to expire earlier than SSM does, when its answer was lost. Ticks; 0 is right. */
  readonly expiryShort: number;
  /** The target's own commands are listed before the first send under a new epoch. */
  readonly reconciles: boolean;
  /** The epoch is read again between the claim and the call. */
  readonly rechecksEpoch: boolean;
  /** The pauses are read again between the claim and the call. */
  readonly rechecksPause: boolean;
  /** The call is not made after `sendWindow`. */
  readonly enforcesNotAfter: boolean;
  /** The claim is one compare-and-set of all its records. */
  readonly claimsAtomically: boolean;
  /** An instance in an open intent is no candidate. */
  readonly looksAtIntents: boolean;
  /** The clock that decides whether "not found" is conclusive is read before the listing begins. */
  readonly asksClockFirst: boolean;
  /** A command that a list does not show is taken for ended. */
  readonly closesUnseen: boolean;
  /** An end that Redis forgot is merged, not only commands that are still live. */
  readonly mergesEnds: boolean;
  /** An end also lands on a record that went back in time, and is `sending` again. */
  readonly endsReachSending: boolean;
  /** `counted`: a record's version is the last one plus one. `unique`: no two writes ever share a version. */
  readonly versions: 'counted' | 'unique';
  /** `process`: the epoch holds Redis's run id. `history`: also its replication id, which changes with every promotion. */
  readonly epochOf: 'process' | 'history';
  /** An intent and the time at which it is looked at are one write. */
  readonly commitsDue: boolean;
}

/** What the world may do, and how often. */
export interface World {
  readonly instances: number;
  /** How far each worker's clock is ahead of AWS's; also says how many workers there are. Ticks. */
  readonly skews: readonly number[];
  /** How long AWS takes a signature for valid. Ticks. */
  readonly signatureValidity: number;
  /** Until when a request that has left may be accepted: as long as its signature is valid, or no longer than the intent's `notAfter`. */
  readonly acceptedUntil: 'signature' | 'deadline';
  /** How long SSM may hide a command (T_vis). Ticks, at least 1. */
  readonly visibility: number;
  /** From acceptance until SSM ends what hangs (ExpiresAfter). Ticks. */
  readonly life: number;
  readonly batches: number;
  readonly crashes: number;
  readonly refusals: number;
  readonly flushes: number;
  /** Redis comes back as it was at an earlier moment (restart, older file, lagging replica), with another run id. */
  readonly rollbacks: number;
  /** After a rollback to a replica, the process before it is promoted again, and has the replica's data by then. */
  readonly failbacks: number;
  readonly pauses: number;
  /** How installs end. Only those that end badly are sent to again, so `bad` alone is enough to look for doubles. */
  readonly ends: 'bad' | 'both';
  /** Follow the due index: a collect needs its due entry, as in the ledger. Without it any open intent may be looked at any time. */
  readonly tracksDue: boolean;
}

const WORLD: World = {
  instances: 1,
  skews: [0, 0],
  signatureValidity: 2,
  acceptedUntil: 'signature',
  visibility: 1,
  life: 2,
  batches: 2,
  crashes: 0,
  refusals: 0,
  flushes: 0,
  rollbacks: 0,
  failbacks: 0,
  pauses: 0,
  ends: 'bad',
  tracksDue: false,
};

const SEND_WINDOW = 1;

/**
 * The protocol as the code has it: `checkResendAfter` and `enterEpoch` say how the long waits come about.
 *
 * @param clockSkew by how much clocks may differ, as the waits allow for. Ticks
 */
export function asCoded(change: Partial<Protocol> = {}, clockSkew = 0): Protocol {
  return {
    sendWindow: SEND_WINDOW,
    resendAfter: SEND_WINDOW + WORLD.signatureValidity + WORLD.visibility + clockSkew,
    epochWait: SEND_WINDOW + WORLD.visibility + clockSkew,
    expiryMargin: 1,
    expiryShort: 0,
    reconciles: true,
    rechecksEpoch: true,
    rechecksPause: true,
    enforcesNotAfter: true,
    claimsAtomically: true,
    looksAtIntents: true,
    asksClockFirst: true,
    closesUnseen: false,
    mergesEnds: true,
    endsReachSending: true,
    versions: 'unique',
    epochOf: 'history',
    commitsDue: true,
    ...change,
  };
}

/** A world of one instance and two workers in which nothing goes wrong but time, unless told otherwise. */
export function worldOf(change: Partial<World> = {}): World {
  return { ...WORLD, ...change };
}
