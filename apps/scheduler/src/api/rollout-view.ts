/** The parts of the roll-out as they are shown. */
import type { Cap, Freeze, HeldChange, PauseRow, Rollout } from '@muster/api/rollout';
import type { MusterConfig } from '@muster/core/config/model';
import { type Pause, PAUSERS } from '@muster/core/control/findings';
import type { ApprovalRequest } from '@muster/core/control/approval';
import { type FreezeWindow, nextTimeOf } from '@muster/core/rollout/freeze/freeze';
import type { Place } from '@muster/core/rollout/cap-store';
import type { HeldSelection } from '@muster/core/rollout/selection/selection-store';

/** A window with the time that it is in force, or the next one. */
export function viewOfFreeze(window: FreezeWindow, nowMs: number): Freeze {
  const next = nextTimeOf(window, nowMs);
  return {
    name: window.name,
    active: next !== null && next.fromMs <= nowMs,
    from: next === null ? null : new Date(next.fromMs).toISOString(),
    until: next === null ? null : new Date(next.untilMs).toISOString(),
    stops: [...window.holds],
    where: placeOf(window),
  };
}

function placeOf({ units, accounts, regions }: FreezeWindow): string {
  const parts = [
    ...(units === null ? [] : [`below ${units.join(', ')}`]),
    ...(accounts === null ? [] : [`accounts ${accounts.join(', ')}`]),
    ...(regions === null ? [] : [`regions ${regions.join(', ')}`]),
  ];
  return parts.length === 0 ? 'everywhere' : parts.join('; ');
}

/** Caps with the hosts that count under them now. An adopted command's host counts for its account and target alone. */
export function capsOf({ limits, repair }: MusterConfig, places: readonly Place[]): Cap[] {
  const ours = places.filter(({ kind }) => kind !== 'adopted');
  return [
    { cap: 'all', limit: limits.installsInFlight, used: ours.length },
    { cap: 'account', limit: limits.installsInFlightPerAccount, used: null },
    { cap: 'target', limit: limits.installsInFlightPerTarget, used: null },
    { cap: 'repair', limit: repair.inFlight, used: ours.filter(({ kind }) => kind === 'repair').length },
  ];
}

export function viewOfPause({ scope, by, atMs, reason }: Pause): PauseRow {
  return { scope, by, since: new Date(atMs).toISOString(), reason };
}

/** The brake's rule, and the scopes that it stopped. */
export function brakeOf({ brake }: MusterConfig, pauses: readonly Pause[]): Rollout['brake'] {
  const { window, minOutcomes, maxFailureShare } = brake;
  const engaged = pauses
    .filter(({ by }) => by === 'brake')
    .map(({ scope, atMs, reason }) => ({
      scope,
      since: new Date(atMs).toISOString(),
      reason: reason === '' ? `${PAUSERS.brake} stopped it.` : reason,
    }));
  return { window, minOutcomes, maxFailureShare, engaged };
}

export function viewOfRequest({ subject, hosts, accounts, detail, sinceMs }: ApprovalRequest) {
  return { subject, hosts, accounts, detail, since: new Date(sinceMs).toISOString() };
}

/** What a changed configuration adds while it waits. */
export function viewOfChange(
  { id, heldAtMs, hosts, accounts, most }: HeldSelection,
  byAccount: HeldChange['byAccount'],
): HeldChange {
  return { id, since: new Date(heldAtMs).toISOString(), hosts, accounts, counted: most !== null, byAccount };
}
