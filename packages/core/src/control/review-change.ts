import type { MusterConfig } from '../config/model.ts';
import { targetId } from '../organization/target.ts';
import {
  allowanceOf,
  CHANGE_GROWTH,
  type ChangeFigures,
  describeChange,
  findingOfChange,
  judgeChange,
  type ReadSinceChange,
  selectedOf,
  subjectOf,
} from '../rollout/selection/held-change.ts';
import type { HeldSelection } from '../rollout/selection/selection-store.ts';
import type { Clock } from '../runtime/clock-port.ts';
import { plural } from '../runtime/wording.ts';
import { noteOwnAct } from './audit/own-acts.ts';
import type { ApprovalSubject, ApprovedSize } from './approval.ts';
import type { Ledger } from './ledger.ts';

type Reviewed = Pick<
  Ledger,
  'selection' | 'approvals' | 'control' | 'coverage' | 'enrollments' | 'due' | 'audit'
>;

/**
 * Judges a changed configuration that is held: whether it was counted, whether it adds more than it may, and whether an
 * operator approved it. What it lets through is made due. Any number of schedulers may do it at any time.
 */
export async function reviewChange(
  ledger: Reviewed,
  { rollout }: Pick<MusterConfig, 'rollout'>,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const held = await ledger.selection.held();
  if (held === null) return endAll(ledger, null);
  const subject = subjectOf(held);
  const [approval, { read, notRead }, selectedBefore] = await Promise.all([
    ledger.approvals.approval(subject),
    readSince(ledger, held, clock.now()),
    held.selectedBefore ??
      ledger.enrollments.counts().then(({ states }) => Math.max(0, selectedOf(states) - held.hosts)),
  ]);
  const allowance = allowanceOf(rollout.askAbove, selectedBefore);
  const verdict = judgeChange(held, read, allowance, approval);
  if (verdict.kind === 'count') return endAll(ledger, subject);
  if (verdict.kind !== 'accept' && !isSame(verdict.most, held.most)) {
    await ledger.selection.bound(held.id, verdict.most);
  }
  if (verdict.kind === 'ask') {
    const accounts = await ledger.selection.addedByAccount();
    return ask(ledger, { held, selectedBefore, allowance, notRead, accounts }, clock.now());
  }
  const targets = held.isOpen ? [] : await ledger.selection.addedTargets();
  if (verdict.kind === 'accept') {
    await noteChange(ledger, held, 'done', approval === null ? 'taken up' : 'taken up as approved');
    await ledger.selection.acceptHeld(held.id);
  }
  await ledger.due.schedule('install', targets.map(targetId));
  await endAll(ledger, verdict.kind === 'accept' ? null : subject);
  if (verdict.kind === 'accept' && approval !== null) await ledger.approvals.withdraw(subject);
}

function isSame(one: ApprovedSize, other: ApprovedSize | null): boolean {
  return one.hosts === other?.hosts && one.accounts === other.accounts;
}

/** Once for each change and each of its ends, however many schedulers look at it. */
async function noteChange(
  { audit }: Reviewed,
  held: HeldSelection,
  result: 'done' | 'stopped',
  what: string,
): Promise<void> {
  const { hosts, accounts } = held;
  const detail = `A changed configuration selects ${plural(hosts, 'host')} more in ${plural(accounts, 'account')}: ${what}`;
  const about = { scope: 'all', result, detail, dryRun: { hosts, accounts }, basis: subjectOf(held) };
  await noteOwnAct(audit, 'change', about, `change:${held.id}:${held.heldAtMs}:${result}`);
}

/** The finding comes first and goes last: where none stands, nothing is asked for. */
async function ask(ledger: Reviewed, figures: ChangeFigures, nowMs: number): Promise<void> {
  const { held } = figures;
  await noteChange(ledger, held, 'stopped', 'held: it waits for an approval');
  await ledger.control.raise(findingOfChange(figures, nowMs));
  await ledger.approvals.ask({
    subject: subjectOf(held),
    hosts: held.hosts,
    accounts: held.accounts,
    grow: CHANGE_GROWTH,
    detail: describeChange(figures),
  });
}

/** Nothing is asked for any more. @param subject of the change that goes on all the same; null when there is none */
async function endAll({ approvals, control }: Reviewed, subject: ApprovalSubject | null): Promise<void> {
  if ((await control.raised(['change-held'], 'all')).size === 0) return;
  for (const request of await approvals.requests()) {
    if (!request.subject.startsWith('change:')) continue;
    if (request.subject === subject) await approvals.withdrawRequest(subject);
    else await approvals.withdraw(request.subject);
  }
  await control.clear('change-held', 'all');
}

/** What was read since the change was taken up. */
async function readSince(
  { coverage, control }: Reviewed,
  { countedSinceMs }: HeldSelection,
  nowMs: number,
): Promise<{ readonly read: ReadSinceChange; readonly notRead: number }> {
  const [sweep, { targets, accountsLeft }, listing] = await Promise.all([
    coverage.sweep(nowMs),
    coverage.readSince(countedSinceMs),
    control.raised(['account-list-failed'], 'all'),
  ]);
  // A later sweep begins only when the one before has ended.
  const hasEnded =
    sweep !== null &&
    (sweep.startedAtMs > countedSinceMs ||
      (sweep.startedAtMs === countedSinceMs && sweep.finishedAtMs !== null));
  const passing = targets.throttled + targets.failed;
  return {
    read: {
      isSwept: hasEnded && accountsLeft === 0 && targets.pending === 0,
      isWhole: passing === 0 && listing.size === 0,
    },
    notRead: passing + targets.denied,
  };
}
