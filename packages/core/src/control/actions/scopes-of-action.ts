/** Which scopes an action is about, and what of the ledger its plan was made on. */
import { z } from 'zod';
import { InstanceId } from '../../organization/ids.ts';
import type { MusterConfig } from '../../config/model.ts';
import type { Ledger } from '../ledger.ts';
import { readResumeEffects, type ResumeEffects } from '../resume-effects.ts';
import { parseScope, type Scope } from '../scope.ts';
import type { Action } from './action.ts';

/** What the plan of a resume said that it ends. */
const ResumePins = z.object({
  /** See `ResumeEffects`. */
  pins: z.array(z.string()),
  /** Instances of a list that have a pause and no record any more: no part of the action has them. */
  gone: z.array(InstanceId),
});
type ResumePins = z.infer<typeof ResumePins>;

/** For `ActionFacts.pinned`. */
export function pinResume(pins: ResumePins): string {
  return JSON.stringify(pins);
}

/** Null for another action, and for a plan of an older release, which pins nothing. */
export function resumePinsOf({ kind, pinned }: Pick<Action, 'kind' | 'pinned'>): ResumePins | null {
  return kind !== 'resume' || pinned === null ? null : ResumePins.parse(JSON.parse(pinned));
}

/** Why a plan to accept an inventory is outdated. */
export const OTHER_INVENTORY = 'another inventory has been read since: plan again';

/**
 * What a resume ends just now. `unshown`: the first thing among it that its plan did not show; null where it showed all, or is of
 * an older release that pins nothing. `left`: how many things of it the plan showed.
 */
export async function readShownResume(
  { ledger, config }: { readonly ledger: Ledger; readonly config: Pick<MusterConfig, 'limits'> },
  action: Action,
  scopes: readonly Scope[],
): Promise<ResumeEffects & { readonly unshown: string | null; readonly left: number }> {
  const effects = await readResumeEffects(ledger, config, ...scopes);
  const shown = resumePinsOf(action);
  const isShown = effects.pins.map(
    (pin, at) => shown?.pins.some((one) => one === pin || one === effects.olderPins[at]) !== false,
  );
  return {
    ...effects,
    unshown: effects.ends[isShown.indexOf(false)] ?? null,
    left: isShown.filter(Boolean).length,
  };
}

/** Null for a list, a filter or a subject, and for a scope that only a newer release can read. */
export function scopeOfAction({ selection }: Pick<Action, 'selection'>): Scope | null {
  return 'scope' in selection ? parseScope(selection.scope) : null;
}

/** Of a list or a filter, each instance that the plan chose by itself. */
export async function scopesOf(
  { actions }: Pick<Ledger, 'actions'>,
  action: Action,
): Promise<readonly Scope[]> {
  const scope = scopeOfAction(action);
  if (scope !== null) return [scope];
  const scopes: Scope[] = [];
  for (let cursor = 0; cursor < action.parts; cursor += 1) {
    const part = await actions.part(action.id, cursor);
    for (const value of part?.ids ?? []) scopes.push({ kind: 'instance', value });
  }
  for (const value of resumePinsOf(action)?.gone ?? []) scopes.push({ kind: 'instance', value });
  return scopes;
}
