/**
 * What keeps single hosts from being sent to while sends as such are permitted. A gate is a pure rule over what was read once
 * per target. The worker asks for it when it picks a batch and again right before the call, so a gate that closes stops every
 * send that has not begun; `muster explain` and `muster run --once` say by the same rule what a host waits for.
 */
import { type Pause, PAUSERS, plainName } from '../control/findings.ts';
import { pausedBy, scopeFlag } from '../control/scope.ts';
import { causeOf, isRepair, type StoredRecord } from '../enrollment/record.ts';
import { describeFreeze, type Freeze, freezeOver } from './freeze/freeze.ts';
import type { GateFacts } from './gate-facts.ts';
import { enrollsToo } from './other-discovery.ts';
import { describeRamp, flagOfRamp } from './ramp/describe-ramp.ts';
import { rampsOver } from './ramp/ramp-cover.ts';
import type { WaitReason } from './send-wait.ts';
import { waitOfWave } from './waves/wave-standing.ts';

/** Why one host is not sent to. */
export interface ClosedGate {
  readonly reason: WaitReason;
  /** What is closed: the scope of a pause, the name of a window or of a wave. */
  readonly subject: string;
  /** When it opens at the latest, epoch ms; null when that hangs on something else than time. */
  readonly untilMs: number | null;
  /** The end of the sentence `12 hosts …`. */
  readonly message: string;
  readonly remedy: string;
  /** Only a person opens it: `muster run --once` does not wait for it. */
  readonly needsPerson: boolean;
}

type Gate = (facts: GateFacts, record: StoredRecord) => ClosedGate | null;

/** The first that is closed is what a host waits for. */
const GATES: readonly Gate[] = [ofPause, ofFreeze, ofOtherDiscovery, ofChange, ofRamp, ofRepair, ofWave];

/** Null when the host may be sent to. */
export function closedGate(facts: GateFacts, record: StoredRecord): ClosedGate | null {
  for (const gate of GATES) {
    const closed = gate(facts, record);
    if (closed !== null) return closed;
  }
  return null;
}

/** The widest pause that is over the host. */
export function pauseOver({ target, pauses }: GateFacts, record: StoredRecord): Pause | null {
  const place = { ...target, instanceId: record.instanceId, cause: causeOf(record) };
  const scope = pausedBy(new Set(pauses.keys()), place);
  return scope === null ? null : (pauses.get(scope) ?? null);
}

function ofPause(facts: GateFacts, record: StoredRecord): ClosedGate | null {
  const pause = pauseOver(facts, record);
  return pause === null ? null : gateOfPause(pause);
}

/** Of a host whose node was there once: repairs are off, or as many are under way, or were begun, as may be. */
function ofRepair({ config: { repair }, repairs }: GateFacts, record: StoredRecord): ClosedGate | null {
  if (!isRepair(record)) return null;
  if (!repair.enabled) {
    return {
      reason: 'repair',
      subject: 'off',
      untilMs: null,
      message: 'had joined before, and wait because muster.repair.enabled is false',
      remedy: 'Set muster.repair.enabled to true, or repair these hosts by hand.',
      needsPerson: true,
    };
  }
  if (repairs === null) return null;
  if (repairs.room > 0) return repairs.isSeenNow ? null : OF_READING;
  const isHour = repairs.full === 'hour';
  return {
    reason: 'repair',
    subject: isHour ? 'per_hour' : 'in_flight',
    untilMs: repairs.untilMs,
    message: isHour
      ? `had joined before, and wait because ${repair.perHour} repairs were begun within the last hour (muster.repair.per_hour)`
      : `had joined before, and wait because ${repair.inFlight} repairs are under way (muster.repair.in_flight)`,
    remedy:
      'Nothing to do: each gets its turn. Raise the figure only when you know why so many nodes are missing.',
    needsPerson: false,
  };
}

/** Opens with the next reading, which the worker asks for. */
export const OF_READING: ClosedGate = {
  reason: 'repair',
  subject: 'reading',
  untilMs: null,
  message: 'had joined before, and wait for a new reading of the inventory: their nodes may be back',
  remedy: 'Nothing to do.',
  needsPerson: false,
};

/** A ramp lets hosts in one step after the other; one that has stopped lets in none. */
function ofRamp({ config, target, ramps }: GateFacts, record: StoredRecord): ClosedGate | null {
  if (config.rollout.ramp.off) return null;
  for (const id of rampsOver(ramps, target, record)) {
    const ramp = ramps.get(id);
    if (ramp === undefined || ramp === null || ramp.stoppedAtMs === null) continue;
    return {
      reason: 'ramp',
      subject: id,
      untilMs: null,
      message: `wait because the ramp of ${describeRamp(ramp)} stopped: too many of its first hosts failed or did not join in time`,
      remedy: `Fix what fails (muster instances --state failed), then run: muster resume ${flagOfRamp(ramp)}`,
      needsPerson: true,
    };
  }
  return null;
}

/** The gate that an operator's pause or the brake's closes. */
export function gateOfPause({ scope, by, reason }: Pause): ClosedGate {
  const who = `${PAUSERS[by].toLowerCase()} ${by === 'brake' ? 'stopped' : 'paused'} ${scope}`;
  return {
    reason: by === 'brake' ? 'brake' : 'paused',
    subject: scope,
    untilMs: null,
    message: `wait because ${who}${reason === '' ? '' : `: ${reason}`}`,
    remedy: `${by === 'brake' ? 'Fix what fails (muster instances --state failed), then' : 'When it may go on,'} run: muster resume ${scopeFlag(scope)}`,
    needsPerson: true,
  };
}

function ofFreeze(
  { target, config, ancestorIds, nowMs }: GateFacts,
  record: StoredRecord,
): ClosedGate | null {
  const work = isRepair(record) ? 'repairs' : 'sends';
  const freeze = freezeOver(config.freeze, work, { ...target, ancestorIds }, nowMs);
  return freeze === null ? null : gateOfFreeze(freeze);
}

/** Two installers on one host have no common lock: it waits while a Discovery Service of Teleport may enroll it, too. */
function ofOtherDiscovery(
  { others, account, target, config }: GateFacts,
  record: StoredRecord,
): ClosedGate | null {
  const matcher = config.matchers.find(({ key }) => key === record.matcherKey);
  if (matcher === undefined) return null;
  const other = others.find((one) => enrollsToo(one, { target, account, matcher }));
  if (other === undefined) return null;
  return {
    reason: 'other-discovery',
    subject: other.id,
    untilMs: null,
    message: `wait because a Discovery Service of Teleport may enroll them, too (${plainName(other.id)})`,
    remedy: 'muster findings says what overlaps, and how to end it.',
    needsPerson: true,
  };
}

function gateOfFreeze(freeze: Freeze): ClosedGate {
  return {
    reason: 'freeze',
    subject: freeze.name,
    untilMs: freeze.untilMs,
    message: `wait for the end of the ${describeFreeze(freeze)}`,
    remedy: 'Nothing to do: they go on by themselves then. To end it earlier, change muster.freeze.',
    needsPerson: false,
  };
}

/** A host that a changed configuration adds waits until the change was counted, and approved where it adds many. */
function ofChange({ selection }: GateFacts, { addedBy }: StoredRecord): ClosedGate | null {
  const { acceptedId, heldId, isCounted, isOpen } = selection;
  if (addedBy === undefined || addedBy === acceptedId || (addedBy === heldId && isOpen)) return null;
  const base = { reason: 'change', subject: 'all', untilMs: null, needsPerson: false } as const;
  if (addedBy !== heldId) {
    return {
      ...base,
      message: 'wait because only a worker with another configuration than the newest selects them',
      remedy: 'Give all workers the same file; the next scan judges these hosts anew.',
    };
  }
  if (!isCounted) {
    return {
      ...base,
      message:
        'wait because the changed configuration selects them and the one before did not, and a sweep first counts how many there are',
      remedy:
        'Nothing to do: Muster sends to them when the sweep has ended. Where they are many, muster findings asks for an approval first.',
    };
  }
  return {
    ...base,
    message:
      'wait because the changed configuration adds them, and adds more hosts than muster.rollout.ask_above allows without an approval',
    remedy:
      'muster findings says how many it adds, and where. When that is meant, run: muster approve change',
    needsPerson: true,
  };
}

/**
 * A host whose wave has not begun waits; so does one of which no scan has said by these waves to which it belongs. One that has
 * joined before is repaired whatever its wave waits for: it has been sent to already.
 */
function ofWave({ waves }: GateFacts, record: StoredRecord): ClosedGate | null {
  if (waves === null || isRepair(record)) return null;
  const name = record.wave ?? '';
  const wait = waitOfWave(waves, name);
  if (wait === null) return null;
  const isKnown = waves.waves.some((wave) => wave.name === name);
  const needsPerson = wait.kind === 'approval';
  return {
    reason: 'wave',
    subject: isKnown ? name : 'unknown',
    untilMs: wait.kind === 'date' ? wait.untilMs : null,
    message: isKnown
      ? `wait because wave ${name} has not begun: ${wait.text}`
      : `wait because ${wait.text}; where that hangs on tags of their account, these must be readable`,
    remedy: needsPerson
      ? `Look at muster waves and muster approve ${name} --dry-run, then run: muster approve ${name}`
      : 'Nothing to do while the waves before it go on; muster waves shows where each stands.',
    needsPerson,
  };
}
