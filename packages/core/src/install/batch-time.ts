import type { BatchId } from '../organization/ids.ts';

/** Crockford's digits, as a ULID is written: https://github.com/ulid/spec */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;

/** When a batch's id was made, epoch ms of its maker's clock: a ULID begins with its time. */
export function timeOfBatch(batchId: BatchId): number {
  let ms = 0;
  for (let at = 0; at < TIME_DIGITS; at += 1) ms = ms * 32 + DIGITS.indexOf(batchId.charAt(at));
  return ms;
}
