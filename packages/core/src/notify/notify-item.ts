import { ownerOfFinding, severityOfFinding } from '../control/finding-kinds.ts';
import {
  describePause,
  type Finding,
  idOfFinding,
  type Pause,
  severityOfPause,
} from '../control/findings.ts';
import type { Mute } from '../control/mute-store.ts';
import type { Severity } from '../control/severity.ts';
import { type CauseOwner, causeFacts } from '../enrollment/cause.ts';

/** What stands and may be told: a finding, a pause, or a cause whose hosts become many at once. Texts may be foreign. */
export interface NotifyItem {
  readonly id: string;
  /** A kind of finding, `paused`, or `cause:CAUSE`. */
  readonly kind: string;
  readonly scope: string;
  readonly severity: Severity;
  readonly owner: CauseOwner;
  readonly message: string;
  readonly remedy: string;
  readonly sinceMs: number;
  /** Places or hosts that it sums up. */
  readonly count: number;
  /** The account that it is about; null where it is about none, or about many. */
  readonly accountId: string | null;
}

/** What may be told now. */
export function notifyItems(facts: {
  readonly findings: readonly Finding[];
  readonly pauses: readonly Pause[];
  /** Null while it is not known how many hosts causes had. */
  readonly jumps: readonly NotifyItem[] | null;
}): readonly NotifyItem[] {
  const braked = new Set(
    facts.findings.filter(({ kind }) => kind === 'brake-engaged').map(({ scope }) => scope),
  );
  return [
    ...facts.findings.map(itemOfFinding),
    // The brake's own finding tells of its pause.
    ...facts.pauses.filter(({ by, scope }) => by !== 'brake' || !braked.has(scope)).map(itemOfPause),
    ...(facts.jumps ?? []),
  ];
}

function itemOfFinding(finding: Finding): NotifyItem {
  const { kind, scope, message, remedy, sinceMs, count = 1 } = finding;
  return {
    id: idOfFinding(finding),
    kind,
    scope,
    severity: severityOfFinding(finding),
    owner: ownerOfFinding(finding),
    message,
    remedy,
    sinceMs,
    count,
    accountId: accountOfScope(scope),
  };
}

function itemOfPause(pause: Pause): NotifyItem {
  const { scope, atMs } = pause;
  return {
    id: idOfFinding({ kind: 'paused', scope }),
    kind: 'paused',
    scope,
    severity: severityOfPause(pause),
    owner: 'operator',
    ...describePause(pause),
    sinceMs: atMs,
    count: 1,
    accountId: accountOfScope(scope),
  };
}

/** What the kind of an item begins with that is about the hosts of a cause. */
const OF_CAUSE = 'cause:';

/** With fewer more hosts than this a cause is no news by itself: lists show it. */
const FEWEST_MORE = 10;
/** A jump is half as many again, at least. */
const LEAST_RISE = 1.5;

/**
 * The causes whose hosts have become many more within an hour. What goes by itself is left out. It stands as long as that
 * is so: an hour later the new level is the usual one.
 *
 * @param before hosts by cause an hour ago; null where that is not known
 * @returns null where that is not known: a jump that was told then is neither there nor over
 */
export function causeJumps(
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>> | null,
  nowMs: number,
): readonly NotifyItem[] | null {
  if (before === null) return null;
  return Object.entries(now).flatMap(([cause, hosts]) => {
    const was = before[cause] ?? 0;
    const { title, remedy, owner } = causeFacts(cause);
    if (owner === 'muster' || hosts - was < FEWEST_MORE || hosts < was * LEAST_RISE) return [];
    const kind = `${OF_CAUSE}${cause}`;
    return [
      {
        id: idOfFinding({ kind, scope: kind }),
        kind,
        scope: kind,
        severity: 'warn' as const,
        owner,
        message: `${hosts} hosts have this cause, ${was} an hour ago: ${title}`,
        remedy,
        sinceMs: nowMs,
        count: hosts,
        accountId: null,
      },
    ];
  });
}

/** Whether it is a cause whose hosts became many. */
export function isJump({ kind }: Pick<NotifyItem, 'kind'>): boolean {
  return kind.startsWith(OF_CAUSE);
}

/** Those that no operator has muted. */
export function unmuted(
  items: readonly NotifyItem[],
  mutes: ReadonlyMap<string, Mute>,
): readonly NotifyItem[] {
  return items.filter(({ id }) => !mutes.has(id));
}

/** Of `account:111122223333`, of an account's id, and of a target's. */
export function accountOfScope(scope: string): string | null {
  return /^(?:account:)?(\d{12})(?:\.[a-z0-9*-]+)?$/.exec(scope)?.[1] ?? null;
}
