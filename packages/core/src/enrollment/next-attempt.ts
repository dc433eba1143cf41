import type { StoredRecord } from './record.ts';

/** When an instance is tried next, and why not before. */
export interface NextAttempt {
  readonly atMs: number;
  /** `back-off`: its attempts have failed. `turn`: AWS or Muster put the send off, through no fault of the instance. */
  readonly reason: 'back-off' | 'turn';
}

/** Null for one that waits for nothing, or for something else than a time. */
export function nextAttempt(record: StoredRecord, nowMs: number): NextAttempt | null {
  if (record.state === 'failed') return { atMs: record.nextAttemptAtMs, reason: 'back-off' };
  if (record.state !== 'queued' || record.readyAtMs <= nowMs) return null;
  return { atMs: record.readyAtMs, reason: record.failures > 0 ? 'back-off' : 'turn' };
}

/** Why it waits until then, as a sentence. */
export function describeNextAttempt({ reason }: NextAttempt, failures: number): string {
  if (reason === 'turn') return 'the last send was put off, and nothing was sent';
  const times = failures === 1 ? 'one attempt has' : `${failures} attempts in a row have`;
  return `back-off: ${times} failed; muster retry --instance tries at once`;
}
