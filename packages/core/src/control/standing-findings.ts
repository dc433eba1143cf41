import { findingsOfOutputs } from '../install/output-clusters.ts';
import { findingsOfHostManagement } from '../organization/host-management.ts';
import { findingsOfUnanswered } from '../organization/unanswered-store.ts';
import { findingsOfUnread } from '../organization/unread-findings.ts';
import { findingsOfWaits } from '../rollout/send-wait.ts';
import { findingsOfRequests } from './approval.ts';
import type { ControlLedger } from './control-store.ts';
import type { FindingKind } from './finding-kinds.ts';
import type { Finding } from './findings.ts';
import type { Ledger } from './ledger.ts';
import { findingsOfReleases } from './mixed-releases.ts';
import { findingsOfClocks } from './process-clock.ts';

type Readable = Pick<
  Ledger,
  'control' | 'clocks' | 'coverage' | 'waits' | 'unanswered' | 'approvals' | 'hostManagement' | 'outputs'
>;

/**
 * Everything that an operator should act on: what was raised and stands, and what follows from the state of the ledger
 * just now and goes with it: clocks that differ, releases side by side, accounts and targets that could not be read, services of AWS that do not answer, prerequisites that targets lack, hosts that failed alike, waves that wait for an approval, sends
 * that wait for long.
 */
export async function readFindings(ledger: Readable): Promise<readonly Finding[]> {
  const [raised, { clocks, redisPlace, redisNowMs }, unread, silent, management, outputs, requests] =
    await Promise.all([
      ledger.control.findings(),
      ledger.clocks.all(),
      ledger.coverage.unread(),
      ledger.unanswered.all(),
      ledger.hostManagement.sum(),
      ledger.outputs.largest(),
      ledger.approvals.requests(),
    ]);
  const known = [
    ...raised,
    ...findingsOfClocks(clocks, redisPlace, redisNowMs),
    ...findingsOfReleases(clocks, redisNowMs),
    ...findingsOfUnread(unread),
    ...findingsOfUnanswered(silent, redisNowMs),
    ...findingsOfRequests(requests),
    ...findingsOfHostManagement(management),
    ...findingsOfOutputs(outputs),
  ];
  return [...known, ...findingsOfWaits(await ledger.waits.sum(redisNowMs), known, redisNowMs)];
}

/** Raises a finding about everything, when there is one, and ends others. */
export async function reportFindings(
  control: Pick<ControlLedger, 'raise' | 'clear'>,
  { raise, clear }: { readonly raise: Finding | null; readonly clear: readonly FindingKind[] },
): Promise<void> {
  if (raise !== null) await control.raise(raise);
  for (const kind of clear) await control.clear(kind, 'all');
}
