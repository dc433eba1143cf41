/** A look at all waves: which conditions hold, which waves begin by that, and which wait for an operator. */
import { percent } from '../../runtime/wording.ts';
import { type ApprovalRequest, isCovered } from '../../control/approval.ts';
import type { Ledger } from '../../control/ledger.ts';
import { AccountId } from '../../organization/ids.ts';
import { readTargetId, targetId } from '../../organization/target.ts';
import type { UnreadTarget } from '../../organization/unread-findings.ts';
import { maySelect, type Wave } from './wave.ts';
import { basisOf, holdConditions, type WaveFacts, waitOfWave } from './wave-standing.ts';
import type { WaveLook, WavesInForce } from './wave-store.ts';

type Looked = Pick<Ledger, 'waves' | 'enrollments' | 'coverage' | 'approvals' | 'due'>;

/** States of hosts that wait for their wave. */
const WAITING = ['queued', 'failed', 'lost'] as const;
/** States of hosts that an approval of their wave counts. */
const COUNTED = [...WAITING, 'discovered', 'sending', 'installing', 'installed', 'joined'] as const;

/**
 * Looks at the waves and notes what it finds, so that workers ask Redis alone. Any number of processes may look: what they note
 * is the same.
 *
 * @param begunBefore names of waves that this process knows to have begun
 * @returns names of the waves that have begun by now; the targets that waited for one that had not are due
 */
export async function lookAtWaves(
  ledger: Looked,
  waves: readonly Wave[],
  nowMs: number,
  begunBefore: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  if (waves.length === 0) {
    await withdrawRequests(ledger, []);
    return new Set();
  }
  const inForce = await ledger.waves.inForce(waves);
  if (inForce !== null && (inForce.isSwept || (await isSwept(ledger, waves, inForce, nowMs)))) {
    await noteConditions(ledger, waves, inForce, nowMs);
  }
  const facts = await ledger.waves.facts(waves, nowMs);
  const begun = new Set(waves.map(({ name }) => name).filter((name) => waitOfWave(facts, name) === null));
  for (const name of begun) {
    if (!begunBefore.has(name)) await wakeWave(ledger, name);
  }
  await askForApprovals(ledger, facts);
  return begun;
}

async function isSwept(
  { coverage, waves: ledger }: Looked,
  waves: readonly Wave[],
  inForce: WavesInForce,
  nowMs: number,
): Promise<boolean> {
  const sweep = await coverage.sweep(nowMs);
  if (sweep === null || sweep.finishedAtMs === null || sweep.startedAtMs < inForce.sinceMs) return false;
  await ledger.markSwept(waves, inForce);
  return true;
}

/** The conditions of waves that have not begun by them, with what of each wave was not read. */
async function noteConditions(
  ledger: Looked,
  waves: readonly Wave[],
  { sinceMs }: WavesInForce,
  nowMs: number,
): Promise<void> {
  const unread = (await ledger.coverage.unread({ withPending: true })).filter(
    ({ coverage }) => coverage.completeAtMs === null || coverage.completeAtMs < sinceMs,
  );
  const readings = await readingsOf(ledger, waves, unread);
  const looks = (facts: WaveFacts): readonly WaveLook[] =>
    waves.map((wave) => ({
      wave,
      holds: holdConditions(facts, wave),
      ...(readings.get(wave.name) ?? { targets: 0, unread: 0 }),
    }));
  const before = await ledger.waves.facts(waves, nowMs);
  // Judged by what was read until now, not by what the last look found.
  const memory = new Map(
    waves.map(({ name }) => {
      const { heldSinceMs = null, openedAtMs = null } = before.memory.get(name) ?? {};
      return [name, { heldSinceMs, openedAtMs, ...(readings.get(name) ?? { targets: 0, unread: 0 }) }];
    }),
  );
  await ledger.waves.note(looks({ ...before, memory }));
}

type Readings = ReadonlyMap<string, { readonly targets: number; readonly unread: number }>;

/** Per wave how many targets may hold its hosts, and how many of these were not read: only asked where one was not. */
async function readingsOf(
  { coverage }: Looked,
  waves: readonly Wave[],
  unread: readonly UnreadTarget[],
): Promise<Readings> {
  if (unread.length === 0) return new Map();
  const accounts = await coverage.accounts();
  const byId = new Map(accounts.map((known) => [known.account.accountId, known.account]));
  const places = unread.flatMap(({ place, isAccount }) => {
    const target = isAccount ? null : readTargetId(place);
    const id = AccountId.safeParse(target?.accountId ?? place).data;
    const account = id === undefined ? undefined : byId.get(id);
    return account === undefined ? [] : [{ account, region: target?.region ?? null }];
  });
  const denied = new Set(
    places.filter(({ region }) => region === null).map(({ account }) => account.accountId),
  );
  return new Map(
    waves.map((wave) => {
      let targets = 0;
      for (const { account, regions } of accounts) {
        // One that cannot be entered counts as one target, as in every total.
        const all = regions === null || denied.has(account.accountId) ? [null] : regions;
        targets += all.filter((region) => maySelect(wave, account, region)).length;
      }
      const missing = places.filter(({ account, region }) => maySelect(wave, account, region)).length;
      return [wave.name, { targets, unread: missing }];
    }),
  );
}

async function wakeWave({ enrollments, due }: Looked, wave: string): Promise<void> {
  const targets = await enrollments.targetsWith(...WAITING.map((state) => ({ wave, state })));
  await due.schedule('install', targets.map(targetId));
}

/** What is no wave any longer, or needs no approval any longer, is not asked for. */
async function withdrawRequests(
  { approvals }: Pick<Looked, 'approvals'>,
  waves: readonly Wave[],
): Promise<void> {
  for (const { subject } of await approvals.requests()) {
    const isMeant = waves.some(
      ({ name, approvedGrowth }) => approvedGrowth !== null && subject === `wave:${name}`,
    );
    if (subject.startsWith('wave:') && !isMeant) await approvals.withdrawRequest(subject);
  }
}

async function askForApprovals({ approvals, enrollments }: Looked, facts: WaveFacts): Promise<void> {
  await withdrawRequests({ approvals }, facts.waves);
  const asked = await approvals.requests();
  for (const wave of facts.waves) {
    const { name, approvedGrowth: grow } = wave;
    const hosts = facts.progress.get(name)?.hosts ?? 0;
    const basis = basisOf(wave);
    if (grow === null || hosts === 0 || isCovered(facts.approvals.get(name) ?? null, { hosts, basis })) {
      continue;
    }
    const subject = `wave:${name}` as const;
    const known = asked.find((one) => one.subject === subject);
    if (known !== undefined && known.hosts === hosts && known.basis === basis) continue;
    const targets = await enrollments.targetsWith(...COUNTED.map((state) => ({ wave: name, state })));
    const accountIds = [...new Set(targets.map(({ accountId }) => accountId))].toSorted();
    const detail = `${detailOf(facts, wave)} Its hosts are in ${nameAccounts(accountIds)}.`;
    await approvals.ask({ subject, hosts, accounts: accountIds.length, basis, grow, detail });
  }
}

/** Accounts that a request names; the rest is counted. */
const ACCOUNTS_NAMED = 5;

function nameAccounts(accountIds: readonly AccountId[]): string {
  const named = accountIds.slice(0, ACCOUNTS_NAMED);
  const more = accountIds.length - named.length;
  return `${accountIds.length === 1 ? 'account' : 'accounts'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function detailOf(facts: WaveFacts, { name, approvedGrowth }: Wave): ApprovalRequest['detail'] {
  const approval = facts.approvals.get(name);
  return approval === undefined
    ? `Muster sends to no host of wave ${name} before an operator approves the wave.`
    : `Wave ${name} was approved for ${approval.hosts} hosts at ${new Date(approval.atMs).toISOString()}. It has grown by more than ${percent(approvedGrowth ?? 0)} since, or its definition has changed: Muster sends to no other host of it before an operator approves it again.`;
}
