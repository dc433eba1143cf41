import type { Ledger } from '../../control/ledger.ts';
import type { Wave } from './wave.ts';
import { type WaveProgress, waitOfWave, type WaveWait } from './wave-standing.ts';

/** Where one wave stands: a line of `muster waves --json`, an entry of `rollout.waves` of the status (docs/status-json.md). */
export interface WaveView extends WaveProgress {
  readonly name: string;
  readonly state: 'begun' | 'waits';
  /** What it waits for; null once it has begun. */
  readonly waitsFor: WaveWait['kind'] | null;
  /** The same as a sentence. */
  readonly why: string | null;
  /** When it begins, where that hangs on a date alone. */
  readonly until: string | null;
}

const NO_HOSTS: WaveProgress = { hosts: 0, joined: 0, failed: 0, lost: 0, underWay: 0, waiting: 0 };

/** Where the waves of a configuration stand, in its order. The cost does not depend on how many hosts there are. */
export async function readWaves(
  ledger: Pick<Ledger, 'waves'>,
  waves: readonly Wave[],
  nowMs: number,
): Promise<readonly WaveView[]> {
  if (waves.length === 0) return [];
  const facts = await ledger.waves.facts(waves, nowMs);
  return waves.map(({ name }) => {
    const wait = waitOfWave(facts, name);
    return {
      name,
      state: wait === null ? 'begun' : 'waits',
      waitsFor: wait?.kind ?? null,
      why: wait?.text ?? null,
      until: wait?.kind === 'date' ? new Date(wait.untilMs).toISOString() : null,
      ...(facts.progress.get(name) ?? NO_HOSTS),
    };
  });
}
