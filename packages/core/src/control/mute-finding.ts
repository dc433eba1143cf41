import type { Actor } from './audit/audit-entry.ts';
import type { Ledger } from './ledger.ts';
import { LONGEST_MUTE_MS } from './mute-store.ts';

type Deps = Pick<Ledger, 'mutes' | 'audit'>;

/** What an operator says of a finding that is known. */
export interface MuteOrder {
  readonly actor: Actor;
  readonly reason: string;
  readonly nowMs: number;
  readonly untilMs: number;
}

/** What is wrong with a mute, as a sentence; null when nothing is. */
export function faultOfMute({ nowMs, untilMs }: Pick<MuteOrder, 'nowMs' | 'untilMs'>): string | null {
  if (untilMs <= nowMs) {
    return 'The mute would end in the past: name a time from now on, at most 90 days ahead.';
  }
  if (untilMs - nowMs > LONGEST_MUTE_MS) {
    return 'A mute lasts 90 days at most. What should stay silent for longer belongs into the filters of a channel (muster.notify).';
  }
  return null;
}

/** Mutes a finding, and tells the audit. @param id see `idOfFinding` */
export async function muteFinding({ mutes, audit }: Deps, id: string, order: MuteOrder): Promise<void> {
  const { actor, reason, nowMs, untilMs } = order;
  await mutes.mute(id, { by: actor.by.name, reason, atMs: nowMs, untilMs });
  const detail = `muted until ${new Date(untilMs).toISOString()}`;
  await audit.append({ ...actor, act: 'mute', scope: id, ...NOTHING_SHOWN, result: 'done', detail, reason });
}

/** Ends a mute, and tells the audit. False, and nothing happens, when there is none. */
export async function unmuteFinding({ mutes, audit }: Deps, id: string, actor: Actor): Promise<boolean> {
  if (!(await mutes.unmute(id))) return false;
  await audit.append({
    ...actor,
    act: 'mute',
    scope: id,
    ...NOTHING_SHOWN,
    result: 'done',
    detail: 'no longer muted',
    reason: '',
  });
  return true;
}

const NOTHING_SHOWN = { dryRun: null, basis: null } as const;
