import type { FindingKind } from '@muster/core/control/control';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { HandlerDeps } from '../deps.ts';

const LOOK_MS = 200;
/** Beyond the time that the writing takes: room for one failure and the attempt after it. */
const SLACK_MS = 90_000;
/** A run of tctl takes its time, however many a second are allowed. */
const SLOWEST_PER_SECOND = 50;

/** Labels that a run leaves behind. */
export interface LabelsLeft {
  /** Of how many instances. */
  readonly waiting: number;
  readonly reason: string;
}

/**
 * The other last look of a run that ends by itself: has waiting labels written, and waits twice as long as that should
 * take. What was in the way earlier is tried again; a Teleport that denies it is not waited for.
 *
 * @returns null when none is left
 */
export async function awaitLabels({
  ledger,
  config,
  clock,
}: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>): Promise<LabelsLeft | null> {
  if (!config.labels.enabled) return null;
  const begun = await ledger.labels.waiting();
  if (begun <= 0) return null;
  await ledger.control.clear('labels-denied', 'all');
  await ledger.control.clear('labels-failed', 'all');
  const startedAtMs = clock.now();
  const perSecond = Math.min(config.labels.perSecond, SLOWEST_PER_SECOND);
  const endsAtMs = startedAtMs + SLACK_MS + (2_000 * begun) / perSecond;
  await ledger.due.schedule('labels', [{ member: ORGANIZATION_MEMBER, inMs: 0 }]);
  for (;;) {
    const waiting = await ledger.labels.waiting();
    if (waiting <= 0) return null;
    const findings = await ledger.control.findings();
    const told = (kind: FindingKind): string | undefined =>
      findings.find((finding) => finding.kind === kind)?.message;
    const denial = told('labels-denied');
    if (denial !== undefined) return { waiting, reason: denial };
    if (clock.now() >= endsAtMs) {
      const seconds = Math.round((endsAtMs - startedAtMs) / 1_000);
      return { waiting, reason: told('labels-failed') ?? `not all were written within ${seconds} s` };
    }
    await clock.sleep(LOOK_MS);
  }
}
