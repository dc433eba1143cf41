import type { MusterConfig } from '@muster/core/config/model';
import { formatDuration } from '@muster/core/config/value-shapes';
import type { ControlLedger } from '@muster/core/control/control-store';
import type { Ledger } from '@muster/core/control/ledger';
import { findingOfSetAside, type SetAside } from '@muster/core/enrollment/set-aside-store';
import { targetId } from '@muster/core/organization/target';
import { reportRedisNotes } from '@muster/core/redis/redis-findings';
import type { BlockedCap, Place } from '@muster/core/rollout/cap-store';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';

/** Accounts named in a finding. */
const HOLDERS_SHOWN = 5;
/** A cap that turned no install job away for so long blocks none: the jobs ask again every few seconds. */
const QUIET_MS = 60_000;

/**
 * Tells of caps that have had no room for any batch for as long as a host may take to join, with the hosts that hold the
 * places, and takes it back when one had.
 */
export async function reportBlockedCaps(
  { control, caps }: Pick<Ledger, 'control' | 'caps'>,
  { limits, install, speed }: Pick<MusterConfig, 'limits' | 'install' | 'speed'>,
  nowMs: number,
): Promise<void> {
  const blocked = (await caps.blocked()).filter(
    ({ forMs, quietMs }) => forMs > install.joinTimeoutMs && quietMs < QUIET_MS,
  );
  const scopes = new Set(blocked.map(({ cap }) => scopeOfCap(cap)));
  for (const finding of await control.findings()) {
    if (finding.kind === 'cap-blocked' && !scopes.has(finding.scope)) {
      await control.clear('cap-blocked', finding.scope);
    }
  }
  if (blocked.length === 0) return;
  const places = await caps.places();
  for (const one of blocked) {
    await control.raise({
      kind: 'cap-blocked',
      scope: scopeOfCap(one.cap),
      sinceMs: nowMs - Math.round(one.forMs),
      message: `Hosts wait, and for ${formatDuration(wholeSeconds(one.forMs * speed))} none could begin: ${nameOf(one.cap, limits)} is reached. ${one.inFlight} hosts are under way, that is sent to and neither joined nor failed. ${holdersOf(one.cap, places, nowMs)}`,
      remedy: `Look at that host first: muster explain INSTANCE. Where its command does not end (muster instances --state installing), run: muster cancel --instance INSTANCE. Where its node does not join (muster instances --state installed), see its agent: journalctl -u teleport. Where all is well and only slow, raise the cap in the configuration.`,
    });
  }
}

function scopeOfCap(cap: BlockedCap['cap']): string {
  if (cap === 'all' || cap === 'repair') return cap;
  return 'target' in cap ? targetId(cap.target) : `account:${cap.accountId}`;
}

function nameOf(cap: BlockedCap['cap'], limits: MusterConfig['limits']): string {
  if (cap === 'all') return `muster.limits.installs_in_flight (${limits.installsInFlight})`;
  if (cap === 'repair') return 'muster.repair.in_flight';
  return 'target' in cap
    ? `muster.limits.installs_in_flight_per_target (${limits.installsInFlightPerTarget}) of ${targetId(cap.target)}`
    : `muster.limits.installs_in_flight_per_account (${limits.installsInFlightPerAccount}) of ${cap.accountId}`;
}

/** The accounts with the most places, and the host that has held one for longest. */
function holdersOf(cap: BlockedCap['cap'], places: readonly Place[], nowMs: number): string {
  const counted = places.filter((place) => isCounted(place, cap));
  const byAccount = new Map<string, number>();
  for (const { target } of counted) {
    byAccount.set(target.accountId, (byAccount.get(target.accountId) ?? 0) + 1);
  }
  const holders = [...byAccount].toSorted(([, a], [, b]) => b - a);
  const shown = holders.slice(0, HOLDERS_SHOWN).map(([id, hosts]) => `${id} (${hosts})`);
  const more = holders.length > HOLDERS_SHOWN ? ` and ${holders.length - HOLDERS_SHOWN} more accounts` : '';
  const [oldest] = counted.toSorted((a, b) => a.sinceMs - b.sinceMs);
  if (oldest === undefined) return 'They have ended since this was counted; sends go on by themselves.';
  const ageMs = Math.max(0, nowMs - oldest.sinceMs);
  return `By account: ${shown.join(', ')}${more}. The one that is under way for longest is ${oldest.instanceId} in ${targetId(oldest.target)}: ${formatDuration(wholeSeconds(ageMs))}.`;
}

function isCounted({ target, kind }: Place, cap: BlockedCap['cap']): boolean {
  if (cap === 'all') return kind !== 'adopted';
  if (cap === 'repair') return kind === 'repair';
  return 'target' in cap ? targetId(target) === targetId(cap.target) : target.accountId === cap.accountId;
}

function wholeSeconds(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}

/** Looked at in one round; the rest of a large damage in the next ones. */
const MOST_REVIEWED = 1_000;

/**
 * Keeps the finding about what could not be read: its count, and its end, when every target of it was read completely since
 * (or is no longer in scope).
 */
export async function reportSetAside(
  { control, coverage, setAside }: Pick<Ledger, 'control' | 'coverage' | 'setAside'>,
  nowMs: number,
): Promise<void> {
  const all = await setAside.all();
  const isOver = await Promise.all(all.slice(0, MOST_REVIEWED).map((one) => isMadeAnew(one, coverage)));
  const over = all.filter((_, index) => isOver[index] === true);
  await setAside.drop(over.map(({ target }) => target));
  const left = all.filter((one) => !over.includes(one));
  if (left.length > 0) await control.raise(findingOfSetAside(left, nowMs));
  else await control.clear('ledger-unreadable', 'all');
}

async function isMadeAnew({ target, atMs }: SetAside, coverage: Ledger['coverage']): Promise<boolean> {
  const read = await coverage.read(target);
  return read === null || (read.completeAtMs !== null && read.completeAtMs > atMs);
}

const LOOK_MS = 30_000;

/** Looks at Redis now and twice a minute: what is unwise about it is a finding until it is so no longer. */
export function watchRedis(deps: {
  readonly control: Pick<ControlLedger, 'raise' | 'clear'>;
  /** Fail-fast: a Redis that is away is not waited for. */
  readonly redis: Parameters<typeof reportRedisNotes>[1];
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Logger;
}): { close(): void } {
  const closing = new AbortController();
  void look(deps, closing.signal);
  return {
    close: () => {
      closing.abort();
    },
  };
}

async function look(deps: Parameters<typeof watchRedis>[0], closing: AbortSignal): Promise<void> {
  const { control, redis, prefix, clock, log } = deps;
  while (!closing.aborted) {
    await reportRedisNotes(control, redis, prefix, clock.now()).catch((err: unknown) => {
      // A reading of the findings reports a Redis that cannot do the work just now.
      log.debug({ err }, 'redis could not be checked');
    });
    await clock.sleep(LOOK_MS, closing).catch(() => undefined);
  }
}
