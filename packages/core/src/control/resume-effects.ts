import type { MusterConfig } from '../config/model.ts';
import type { InventoryFacts } from '../inventory/node-store.ts';
import { describeRamp } from '../rollout/ramp/describe-ramp.ts';
import type { RampState } from '../rollout/ramp/ramp-store.ts';
import { isNote } from './finding-kinds.ts';
import { PAUSERS } from './findings.ts';
import type { Ledger } from './ledger.ts';
import { describeScope, isForeignScope, printScope, type Scope, type ScopeText } from './scope.ts';

/** What a resume of a scope ends, and what keeps sends back after it. */
export interface ResumeEffects {
  /** Each as a noun with its article, for a list: `the pause of account 111122223333 by an operator: maintenance`. */
  readonly ends: readonly string[];
  /** The same, each with what tells it from a later one of the same words: since when it stands, or which inventory was read. */
  readonly pins: readonly string[];
  /** The same as the release before this one pins them. */
  readonly olderPins: readonly string[];
  /** Scopes of pauses that stand, widest reach first to those that read it: a pause of its own scope alone is ended. */
  readonly stillPaused: readonly ScopeText[];
}

/** Whether a resume of this scope clears a finding that stands. */
export function isEndedNote(
  finding: { readonly kind: string; readonly scope: string },
  scope: ScopeText,
): boolean {
  return isNote(finding.kind) && (scope === 'all' || finding.scope === scope);
}

/** Whether a resume of this scope ends a pause: that of the same scope, and of all those that only a newer release can name. */
export function isEndedPause(pause: { readonly scope: ScopeText }, scope: ScopeText): boolean {
  return pause.scope === scope || (scope === 'all' && isForeignScope(pause.scope));
}

/** Whether a resume of this scope begins a ramp that has stopped anew: its own, or any of everything. One of a matcher that is not worked by holds no host. */
export function isEndedRamp(
  { id, stoppedAtMs, isWanted }: Pick<RampState, 'id' | 'stoppedAtMs' | 'isWanted'>,
  scope: ScopeText,
): boolean {
  return stoppedAtMs !== null && isWanted && (scope === 'all' || id === `r:${scope}`);
}

/**
 * Which drop of the inventory an operator was shown: another reading of the same generation may have lost more, and says so by
 * its error.
 */
export function pinInventory({ generation, error }: Pick<InventoryFacts, 'generation' | 'error'>): string {
  return JSON.stringify([generation ?? '', error ?? '']);
}

/** Whether a plan was made on this drop. A plan of the release before this one has pinned the generation alone. */
export function isPinnedInventory(
  facts: Pick<InventoryFacts, 'generation' | 'error'>,
  pinned: string | null,
): boolean {
  return pinned === pinInventory(facts) || pinned === (facts.generation ?? '');
}

type Which = string | number | null | undefined;

/** What a resume of these scopes, one after the other, would do just now. */
export async function readResumeEffects(
  { control, nodes, ramps }: Pick<Ledger, 'control' | 'nodes' | 'ramps'>,
  { limits }: Pick<MusterConfig, 'limits'>,
  ...scopes: readonly Scope[]
): Promise<ResumeEffects> {
  const texts = scopes.map(printScope);
  const ofAll = texts.includes('all');
  const [pauses, findings, hold, facts, all] = await Promise.all([
    control.pauses(),
    control.findings(),
    control.hold(limits.holdFirstSend),
    nodes.facts(),
    ramps.all(),
  ]);
  const stopped = all.filter((ramp) => texts.some((text) => isEndedRamp(ramp, text)));
  const ended = pauses
    .filter((pause) => texts.some((text) => isEndedPause(pause, text)))
    .toSorted((a, b) => (a.scope < b.scope ? -1 : 1));
  const braked = texts.flatMap((text) => {
    const pause = ended.find(({ by, scope }) => by === 'brake' && scope === text);
    const finding = findings.find((one) => one.kind === 'brake-engaged' && one.scope === text);
    return pause === undefined && finding === undefined
      ? []
      : [{ text, sinceMs: pause?.atMs ?? finding?.sinceMs }];
  });
  const ends: readonly (readonly [what: string, which: Which, older?: Which])[] = [
    ...ended
      .filter(({ by, scope: of }) => by !== 'brake' || !texts.includes(of))
      .map(({ scope: of, by, reason, atMs }) => {
        const why = reason === '' ? '' : `: ${reason}`;
        return [
          `the pause of ${describeScope(of)} by ${PAUSERS[by].replace('An', 'an')}${why}`,
          atMs,
        ] as const;
      }),
    ...braked.map(({ text, sinceMs }) => [`the brake on ${describeScope(text)}`, sinceMs] as const),
    ...stopped.map(
      (ramp) => [`the stop of the ramp of ${describeRamp(ramp)}: it begins anew`, ramp.stoppedAtMs] as const,
    ),
    ...(ofAll && hold === 'held' ? [['the hold before the first send', null] as const] : []),
    ...(ofAll && facts.dropped
      ? [
          [
            'the doubt about an inventory that lost nodes: the smaller one is taken for true',
            pinInventory(facts),
            facts.generation,
          ] as const,
        ]
      : []),
    ...findings
      .filter((finding) => texts.some((text) => isEndedNote(finding, text)))
      .map(({ kind, scope: of, sinceMs }) => [`the finding ${kind} of ${of}`, sinceMs] as const),
  ];
  return {
    ends: ends.map(([what]) => what),
    pins: ends.map(([what, which]) => JSON.stringify([what, which])),
    olderPins: ends.map(([what, which, older = which]) => JSON.stringify([what, older])),
    stillPaused: pauses.filter((pause) => !ended.includes(pause)).map((pause) => pause.scope),
  };
}
