/**
 * How many hosts a ramp may have touched, by its rule alone (docs/decisions/0018-places-and-ramp.md): whenever the processes
 * move it on, no more hosts than this may have been claimed.
 */
import type { HostChange } from './change-history.ts';

/** What a ramp is bound to. */
export interface RampBounds {
  /** The rule of `muster.rollout.ramp`, with its default for `success`: see `LEFT_BESIDE_A_FAILURE`. */
  readonly ramp: { readonly first: number; readonly factor: number; readonly success: number };
  /** `muster.limits.installs_in_flight`: a ramp is over when its next step would be wider. */
  readonly capOfAll: number;
  /** A ramp is over, too, when no host is queued and no host took a slot for so long. Real time. */
  readonly quietMs: number;
}

/** A ramp as the replay has it. */
export interface RampReplay {
  /** Told before each commit. @param queued hosts in the state `queued` until then */
  noteQuiet(atMs: number, queued: number): void;
  /** A host was claimed for an install. */
  take(change: HostChange): void;
  /** A host that was claimed is under way no longer. @param before its state until then */
  end(change: HostChange, before: string): void;
  /** What is exceeded now; null: nothing. */
  fault(): string | null;
  /** Hosts that have needed a slot. */
  touched(): number;
}

/**
 * A step is tried again while hosts of it are open, where all of them failing would not stop the ramp. By ramp.ts that is, with
 * `success` 0.9, while failed + open < 3.4 + 0.15 × size: 1 + 3 of five hosts, 2 + 2 of ten, 3 + 3 of twenty, 5 + 4 of forty.
 * So a step that is tried again leaves no more open than this for each that failed.
 */
const LEFT_BESIDE_A_FAILURE = 3;

/** A ramp of which no host has a slot yet. */
export function replayRamp(bounds: RampBounds): RampReplay {
  const slots = new Map<string, 'open' | 'ended'>();
  const counts = { joined: 0, failed: 0 };
  let takenAtMs = Number.POSITIVE_INFINITY;
  let isOver = false;
  return {
    noteQuiet(atMs, queued) {
      const isQuiet = queued === 0 && atMs - takenAtMs >= bounds.quietMs;
      isOver ||= isQuiet && counts.joined >= bounds.ramp.first;
    },
    take({ host, atMs }) {
      // A host counts once: its retry needs no slot.
      if (slots.has(host)) return;
      slots.set(host, 'open');
      takenAtMs = atMs;
    },
    end({ host, state, cause }, before) {
      if (slots.get(host) !== 'open') return;
      const hasFailed = state === 'failed' && before !== 'sending' && cause !== 'ec2-ssm-canceled';
      if (state === 'joined' || hasFailed) {
        slots.set(host, 'ended');
        counts[hasFailed ? 'failed' : 'joined'] += 1;
      } else {
        // Any other end says nothing of the installer, and gives the slot back.
        slots.delete(host);
      }
    },
    fault() {
      const most = isOver ? Number.POSITIVE_INFINITY : mostTouched(counts, bounds);
      if (slots.size <= most) return null;
      const { joined, failed } = counts;
      return `${slots.size} hosts were touched when ${joined} had joined and ${failed} failed: the ramp allows ${most}`;
    },
    touched: () => slots.size,
  };
}

/**
 * Those that have ended, the present step, and those that earlier steps left open: of a step that was done at most the share
 * that need not join, of one that was tried again as above. A step that is done has so many ended hosts at least: what it spares
 * of the worst account has failed.
 */
function mostTouched(
  { joined, failed }: { readonly joined: number; readonly failed: number },
  { ramp: { first, factor, success }, capOfAll }: RampBounds,
): number {
  const ended = joined + failed;
  let [size, done, open] = [first, 0, LEFT_BESIDE_A_FAILURE * failed];
  for (;;) {
    // 0.9 × 10 is a little more than 9 where numbers are binary.
    const needed = Math.ceil(success * size - 1e-9);
    if (ended < done + needed) return ended + size + open;
    done += needed;
    open += size - needed;
    size *= factor;
    if (size > capOfAll) return Number.POSITIVE_INFINITY;
  }
}
