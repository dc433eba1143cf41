import type { CauseOwner } from '../enrollment/cause.ts';
import type { Finding } from '../control/findings.ts';

/** What keeps candidates whose time has come from being sent to. */
export type WaitReason = keyof typeof REASONS;

interface ReasonFacts {
  /** What is waited for, as the end of the sentence `41 instances wait: …`. */
  readonly text: string;
  readonly owner: CauseOwner;
  /** What to do where it lasts. */
  readonly remedy: string;
  /** Findings that say the same: while one stands, the wait has no finding of its own. */
  readonly toldBy: readonly Finding['kind'][];
}

const REASONS = {
  paused: {
    text: 'sending is paused',
    owner: 'operator',
    remedy: 'muster findings shows the pause; when sending may go on: muster resume with its scope.',
    toldBy: [],
  },
  brake: {
    text: 'the brake stopped them, because too many of the hosts sent to before failed',
    owner: 'operator',
    remedy:
      'Fix what fails (muster instances --state failed), then run muster resume with the scope that muster explain INSTANCE shows as paused.',
    toldBy: ['brake-engaged'],
  },
  ramp: {
    text: 'a mass start begins with a few hosts, and more follow when those have joined',
    owner: 'muster',
    remedy:
      'Nothing to do while hosts join: muster status shows its step. Where they do not, muster instances --state installed and muster instances --state failed show them.',
    toldBy: ['ramp-stopped'],
  },
  held: {
    text: 'a first run sends nothing before an operator releases it',
    owner: 'operator',
    remedy: 'Look at what was found, then run: muster resume --all',
    toldBy: ['hold-first-send'],
  },
  epoch: {
    text: 'Redis is new, was restarted, emptied or failed over, and Muster waits until AWS shows every command that it may have sent before',
    owner: 'muster',
    remedy: 'Nothing to do: it ends by itself. Where it lasts, Redis restarts again and again: see its log.',
    toldBy: [],
  },
  change: {
    text: 'the changed configuration selects them and the one before did not; a sweep first counts how many there are, and many need an approval',
    owner: 'operator',
    remedy:
      'Nothing to do before the sweep has ended. Where it lasts, give all workers the same file, and see in muster coverage what cannot be read.',
    toldBy: ['change-held'],
  },
  inventory: {
    text: 'Muster has no recent list of Teleport’s nodes, and cannot tell without it which hosts have joined',
    owner: 'teleport-admin',
    remedy:
      'Run on a worker’s host, with the arguments of muster.inventory.args: tctl get nodes --format=json. Sends go on with the first list that Muster reads.',
    toldBy: ['inventory-unavailable', 'inventory-drop'],
  },
  'other-discovery': {
    text: 'a Discovery Service of Teleport may enroll them, too, and neither waits for the other',
    owner: 'teleport-admin',
    remedy:
      'muster findings says what overlaps, and how to end it (other-discovery): let one of the two enroll these hosts.',
    toldBy: ['other-discovery'],
  },
  cap: {
    text: 'muster.limits, or in_flight of their wave, allows no more hosts under way at once (a host is under way until it has joined or failed)',
    owner: 'operator',
    remedy:
      'Nothing to do while hosts join or fail. Where none does, see muster instances --state installing and muster instances --state installed; raise muster.limits.installs_in_flight when the caps are too small.',
    toldBy: [],
  },
  repair: {
    text: 'they had joined before, and muster.repair allows no further repair now: it is off, or as many are under way, or began within the hour, as it allows',
    owner: 'operator',
    remedy:
      'Nothing to do: each gets its turn. Where many nodes are missing at once, find out why (muster instances --state lost). While muster.repair.enabled is false, they are not repaired.',
    toldBy: [],
  },
  pacing: {
    text: 'Muster has used up its share of AWS’s request rate in the account and region for now',
    owner: 'muster',
    remedy:
      'Nothing to do: sends go on within seconds. muster.pacing.share is Muster’s share; the rest is for the account’s owners.',
    toldBy: [],
  },
  'answer-lost': {
    text: 'AWS’s answer to a send was lost, and Muster looks in AWS for the command until it is certain that none was started',
    owner: 'muster',
    remedy:
      'Nothing to do: Muster follows the command when it finds it, and sends again when it has found none for muster.install.resend_after.',
    toldBy: [],
  },
  unproven: {
    text: 'what Redis says of their accounts carries no valid seal of a worker, and Muster lists the organization again first',
    owner: 'operator',
    remedy:
      'Nothing to do where it ends with the next listing. Where it lasts, give all workers the same marker key, and see muster findings.',
    toldBy: ['accounts-unproven', 'account-list-failed'],
  },
  organization: {
    text: 'the credentials of a worker read another organization than the configuration names',
    owner: 'operator',
    remedy: 'Give the workers credentials of the organization that the configuration names.',
    toldBy: ['organization-mismatch'],
  },
  freeze: {
    text: 'a freeze window of muster.freeze is in force',
    owner: 'operator',
    remedy: 'Nothing to do: sends go on by themselves at its end.',
    toldBy: [],
  },
  wave: {
    text: 'their wave has not begun (muster waves says what each waits for)',
    owner: 'operator',
    remedy: 'muster waves shows where each wave stands, and which wait for muster approve.',
    toldBy: [],
  },
  other: {
    text: 'something that this release does not know keeps sends back',
    owner: 'operator',
    remedy:
      'A newer release of Muster wrote the reason: its own muster status names it. Update this process.',
    toldBy: [],
  },
} as const satisfies Record<string, ReasonFacts>;

/** All of them, for metrics. */
export const WAIT_REASONS = Object.keys(REASONS) as readonly WaitReason[];

/** Waits of some targets for one reason, together. */
export interface SendWait {
  readonly reason: WaitReason;
  /** What the reason is about, such as the name of a freeze window; null where the reason says it all. */
  readonly subject: string | null;
  readonly targets: number;
  /** Candidates whose time has come. */
  readonly instances: number;
  readonly sinceMs: number;
  /** When the last of them may go on at the latest, as far as is known; null when that hangs on something else than time. */
  readonly untilMs: number | null;
}

/** One target's wait. */
export interface TargetWait {
  readonly reason: WaitReason;
  /** See `SendWait`. */
  readonly subject: string | null;
  readonly sinceMs: number;
  readonly untilMs: number | null;
}

/** A wait this long is a finding. Real time. */
const LASTS_AFTER_MS = 45_000;

/** The reason by that word; `other` for one of another release. */
export function readWaitReason(word: string): WaitReason {
  return Object.hasOwn(REASONS, word) ? (word as WaitReason) : 'other';
}

/** What is waited for, as the end of a sentence. */
export function describeWait({ reason, subject }: Pick<TargetWait, 'reason' | 'subject'>): string {
  return reason === 'freeze' && subject !== null ? `freeze window ${subject}` : REASONS[reason].text;
}

/** Waits that last, as findings: without those that another finding tells of. */
export function findingsOfWaits(
  waits: readonly SendWait[],
  others: readonly Pick<Finding, 'kind'>[],
  nowMs: number,
): readonly Finding[] {
  const told = new Set<string>(others.map(({ kind }) => kind));
  return waits
    .filter(({ reason, sinceMs, instances }) => {
      // A pause stands in the list of pauses, a freeze window in the configuration. A wave waits by plan, and for an approval of it
      // there is a finding.
      if (reason === 'paused' || reason === 'freeze' || reason === 'wave') return false;
      if (instances === 0 || nowMs - sinceMs < LASTS_AFTER_MS) return false;
      return !REASONS[reason].toldBy.some((kind) => told.has(kind));
    })
    .map(({ reason, targets, instances, sinceMs, untilMs }) => {
      const until =
        untilMs === null
          ? ''
          : ` Until ${new Date(untilMs).toISOString()} at the latest, as far as is known.`;
      const { text, owner, remedy } = REASONS[reason];
      return {
        kind: 'sends-wait',
        scope: `reason:${reason}`,
        sinceMs,
        message: `${instances} ${instances === 1 ? 'instance waits' : 'instances wait'} in ${targets} ${targets === 1 ? 'target' : 'targets'}: ${text}.${until}`,
        remedy,
        owner,
        count: instances,
      };
    });
}
