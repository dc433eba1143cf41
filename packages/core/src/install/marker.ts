/**
 * What Muster writes into a command's Comment: how a command is known to be Muster's, and which batch it is.
 *
 * The Comment stands in the history of the member account, and a principal that may send commands there can write any. So a
 * marker carries a MAC over what it names, made with a key that member accounts do not have. Without a key (version 1) it
 * proves nothing.
 */
import { BatchId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import type { Invocation } from './command.ts';
import { isMacOf, type MacKey, macOf } from './mac.ts';

/** What a marker is made with, and read with. */
export interface MarkerScope {
  /** 12 hexadecimal digits. */
  readonly installation: string;
  /** The first signs, all verify; empty while none is configured. */
  readonly keys: readonly MacKey[];
  /** A command of another account or region is none of this target's, whatever its marker. */
  readonly target: Target;
}

/** What a Comment says of its command. */
export type MarkerReading =
  /** A command of this installation. Not `proven`: every principal that may send in the account could have written it. */
  | { readonly kind: 'ours'; readonly batchId: BatchId; readonly isProven: boolean }
  /** It names this installation, and this installation did not write it. */
  | { readonly kind: 'forged' }
  /** A command that is not this installation's. */
  | { readonly kind: 'foreign' };

/**
 * A batch's id is made, its intent written and its command sent within seconds. Added to those: the five minutes for which
 * AWS accepts a signature, and clocks that differ by many minutes, since the SDK corrects those. A marker that was copied
 * into a later command is told by this; within the time, by the command that bore it first.
 */
const MARKER_LIFE_MS = 30 * 60_000;

/** At most 100 characters, which is all that SSM takes: 76 with a key, 49 without. */
export function markerOf({ installation, keys, target }: MarkerScope, batchId: BatchId): string {
  if (keys.length === 0) return `muster:v1:${installation}:${batchId}`;
  const mac = macOf(keys, 'marker', [installation, target.accountId, target.region, batchId]);
  return `muster:v2:${installation}:${batchId}:${mac}`;
}

/**
 * Whose a command is, by its Comment.
 *
 * @param unsignedUntilMs epoch ms (AWS's clock) up to which an unsigned command may be Muster's own all the same; null for
 *   always. Not looked at without a key
 */
export function readMarker(
  scope: MarkerScope,
  { comment, requestedAtMs }: Pick<Invocation, 'comment' | 'requestedAtMs'>,
  unsignedUntilMs: number | null,
): MarkerReading {
  const [name, version, installation, batch, mac, ...rest] = comment.split(':');
  if (name !== 'muster' || installation !== scope.installation) return { kind: 'foreign' };
  const id = BatchId.safeParse(batch);
  const isWhole =
    rest.length === 0 && (version === 'v1' ? mac === undefined : version === 'v2' && mac !== undefined);
  if (!id.success || !isWhole) return { kind: 'forged' };
  const batchId = id.data;
  if (Math.abs(requestedAtMs - timeOfBatch(batchId)) > MARKER_LIFE_MS) return { kind: 'forged' };
  // Without a key a MAC cannot be checked: the command is taken for ours, and proves nothing.
  if (scope.keys.length === 0) return { kind: 'ours', batchId, isProven: false };
  if (mac === undefined) {
    const isOld = unsignedUntilMs === null || requestedAtMs <= unsignedUntilMs;
    return isOld ? { kind: 'ours', batchId, isProven: false } : { kind: 'forged' };
  }
  const parts = [scope.installation, scope.target.accountId, scope.target.region, batchId];
  return isMacOf(scope.keys, 'marker', parts, mac)
    ? { kind: 'ours', batchId, isProven: true }
    : { kind: 'forged' };
}

/** Crockford's digits, as a ULID is written: https://github.com/ulid/spec */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;

/** When a batch's id was made, epoch ms of AWS's time as its maker knew it: a ULID begins with its time. */
export function timeOfBatch(batchId: BatchId): number {
  let ms = 0;
  for (let at = 0; at < TIME_DIGITS; at += 1) ms = ms * 32 + DIGITS.indexOf(batchId.charAt(at));
  return ms;
}
