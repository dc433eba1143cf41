/** What a plan says of pauses of single instances: those of a list, or of what a filter gave. */
import { causeOf } from '../../enrollment/record.ts';
import type { InstanceId } from '../../organization/ids.ts';
import { plural } from '../../runtime/wording.ts';
import { readResumeEffects, type ResumeEffects } from '../resume-effects.ts';
import { describeScope, pausedBy, type ScopeText } from '../scope.ts';
import type { ChosenHosts } from './choose-hosts.ts';
import type { PlanDeps, PlanFault, Requested } from './plan.ts';

/** Ids that a fault names. */
const IDS_NAMED = 5;

/** Why these are not paused: a slip must not look like a pause. Null where there is none. */
export function faultOfPause(
  { kind }: Pick<Requested, 'kind'>,
  { byAccount, unknown }: ChosenHosts,
): PlanFault | null {
  if (kind === 'list' && unknown.length > 0) {
    const more = unknown.length > IDS_NAMED ? ` and ${unknown.length - IDS_NAMED} more` : '';
    return {
      fault: `no scan has seen ${unknown.slice(0, IDS_NAMED).join(', ')}${more} wanted by a matcher: leave them out, or pause their account or region`,
    };
  }
  return byAccount.size === 0
    ? { fault: 'no host was chosen: the filter gives none that a scan has seen' }
    : null;
}

/** What a resume of chosen instances ends, and what of them stays held. */
export interface ResumeOfHosts extends ResumeEffects {
  /** Instances with a pause of their own of which no record is known any more. */
  readonly gone: readonly InstanceId[];
  /** Hosts of the choice that another pause holds, by its scope. */
  readonly held: ReadonlyMap<string, number>;
}

/** Reads it from the ledger. */
export async function resumeOfHosts(
  { ledger, config }: Pick<PlanDeps, 'ledger' | 'config'>,
  { parts, unknown }: ChosenHosts,
): Promise<ResumeOfHosts> {
  const paused = new Set<string>((await ledger.control.pauses()).map(({ scope }) => scope));
  const gone = unknown.filter((id) => paused.has(`instance:${id}`));
  const ids = [...parts.flatMap((part) => part.ids ?? []), ...gone];
  const scopes = ids.map((value) => ({ kind: 'instance', value }) as const);
  const effects = await readResumeEffects(ledger, config, ...scopes);
  const still = new Set<string>(effects.stillPaused);
  const held = new Map<string, number>();
  for (const part of parts) {
    for (const [instanceId, { value }] of await ledger.enrollments.read(part.target, part.ids ?? [])) {
      const by = pausedBy(still, { ...part.target, instanceId, cause: causeOf(value) });
      if (by !== null) held.set(by, (held.get(by) ?? 0) + 1);
    }
  }
  return { ...effects, gone, held };
}

/** Of what a resume ends, for people. */
const ENDS_NAMED = 20;

/** What a resume comes to, in sentences. @param held of the hosts, how many each other pause holds */
export function describeResume(
  hosts: number,
  ends: readonly string[],
  held: ReadonlyMap<string, number> = new Map(),
): string {
  const free = [...held.values()].reduce((left, count) => left - count, hosts);
  const more = ends.length > ENDS_NAMED ? `; and ${ends.length - ENDS_NAMED} more` : '';
  const ended = `It ends ${ends.slice(0, ENDS_NAMED).join('; ')}${more}.`;
  const still = [...held].map(
    ([scope, count]) =>
      ` The pause of ${describeScope(scope as ScopeText)} holds ${plural(count, 'host')} of them until it is resumed.`,
  );
  return `${ends.length === 0 ? 'Nothing is paused there.' : ended} ${plural(free, 'host')} may be sent to again.${still.join('')}`;
}
