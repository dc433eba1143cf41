import type { MusterConfig } from '@muster/core/config/model';
import { formatDuration } from '@muster/core/config/value-shapes';
import { timeOfBatch } from '@muster/core/install/marker';
import { targetId } from '@muster/core/organization/target';
import type { BlockedCap } from '@muster/core/rollout/reservation-store';
import type { Ledger } from '@muster/core/control/ledger';

/** Accounts named in a finding. */
const HOLDERS_SHOWN = 5;
/** A cap that turned no install job away for so long blocks none: the jobs ask again every few seconds. */
const QUIET_MS = 60_000;

type Reservations = Awaited<ReturnType<Ledger['control']['reservations']>>;

/**
 * Tells of caps that have had no room for any batch for as long as a host may take to join, with who holds the room, and
 * takes it back when one had.
 */
export async function reportBlockedCaps(
  { control, enrollments }: Pick<Ledger, 'control' | 'enrollments'>,
  { limits, install, speed }: Pick<MusterConfig, 'limits' | 'install' | 'speed'>,
  nowMs: number,
): Promise<void> {
  const blocked = (await control.blockedCaps()).filter(
    ({ forMs, quietMs }) => forMs > install.joinTimeoutMs && quietMs < QUIET_MS,
  );
  const scopes = new Set(blocked.map(({ cap }) => scopeOf(cap)));
  for (const finding of await control.findings()) {
    if (finding.kind === 'cap-blocked' && !scopes.has(finding.scope)) {
      await control.clear('cap-blocked', finding.scope);
    }
  }
  if (blocked.length === 0) return;
  const reservations = await dropForeign(await control.reservations(), enrollments);
  for (const one of blocked) {
    await control.raise({
      kind: 'cap-blocked',
      scope: scopeOf(one.cap),
      sinceMs: nowMs - Math.round(one.forMs),
      message: `No install has started for ${formatDuration(wholeSeconds(one.forMs * speed))}: ${nameOf(one.cap, limits)} is reached (${one.inFlight} in flight). ${holdersOf(one.cap, reservations, nowMs)}`,
      remedy: `See why those commands do not end (muster instances --state installing, muster explain INSTANCE). Cancel what hangs (muster cancel), or raise the cap in the configuration.`,
    });
  }
}

/** Takes out what another client wrote, or left: room is taken and given back with an intent, so without one it is no batch's. */
async function dropForeign(all: Reservations, enrollments: Ledger['enrollments']): Promise<Reservations> {
  const kept: Reservations[number][] = [];
  for (const one of all) {
    const { target, batchId } = one;
    if ((await enrollments.intent(target, batchId)) !== null) kept.push(one);
    else await enrollments.write(target, 'all', [], [{ batchId, expected: 0, value: null }]);
  }
  return kept;
}

function scopeOf(cap: BlockedCap['cap']): string {
  if (cap === 'all') return 'all';
  return 'target' in cap ? targetId(cap.target) : `account:${cap.accountId}`;
}

function nameOf(cap: BlockedCap['cap'], limits: MusterConfig['limits']): string {
  if (cap === 'all') return `muster.limits.installs_in_flight (${limits.installsInFlight})`;
  return 'target' in cap
    ? `muster.limits.installs_in_flight_per_target (${limits.installsInFlightPerTarget}) of ${targetId(cap.target)}`
    : `muster.limits.installs_in_flight_per_account (${limits.installsInFlightPerAccount}) of ${cap.accountId}`;
}

/** The accounts with the most in flight, and the oldest command. */
function holdersOf(cap: BlockedCap['cap'], reservations: Reservations, nowMs: number): string {
  const counted = reservations.filter(({ target, isAdopted }) => {
    if (cap === 'all') return !isAdopted;
    return 'target' in cap ? targetId(target) === targetId(cap.target) : target.accountId === cap.accountId;
  });
  const byAccount = new Map<string, number>();
  for (const { target, instances } of counted) {
    byAccount.set(target.accountId, (byAccount.get(target.accountId) ?? 0) + instances);
  }
  const holders = [...byAccount].toSorted(([, a], [, b]) => b - a);
  const shown = holders.slice(0, HOLDERS_SHOWN).map(([id, instances]) => `${id} (${instances})`);
  const more = holders.length > HOLDERS_SHOWN ? ` and ${holders.length - HOLDERS_SHOWN} more accounts` : '';
  const [oldest] = counted.toSorted((a, b) => (a.batchId < b.batchId ? -1 : 1));
  if (oldest === undefined) return 'Nothing that is known holds the room.';
  const ageMs = Math.max(0, nowMs - timeOfBatch(oldest.batchId));
  return `In flight: ${shown.join(', ')}${more}. The oldest is the batch ${oldest.batchId} in ${targetId(oldest.target)}, of ${oldest.instances} instances, since ${formatDuration(wholeSeconds(ageMs))}.`;
}

function wholeSeconds(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}
