import type { Finding } from '../domain/control.ts';
import { findingsOfClocks } from '../domain/process-clock.ts';
import type { Ledger } from '../ports/ledger.ts';

/**
 * Everything that an operator should act on: what was raised and stands, and what follows from the state of the ledger
 * just now and goes with it: clocks that differ.
 */
export async function readFindings(ledger: Pick<Ledger, 'control' | 'clocks'>): Promise<readonly Finding[]> {
  const [raised, { clocks, redisPlace, redisNowMs }] = await Promise.all([
    ledger.control.findings(),
    ledger.clocks.all(),
  ]);
  return [...raised, ...findingsOfClocks(clocks, redisPlace, redisNowMs)];
}
