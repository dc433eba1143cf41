/** Which ramps a host is in: that of its matcher, of a resume of everything or of its account, and of the retry that it is part of. */
import type { StoredRecord } from '../../enrollment/record.ts';
import type { MatcherKey } from '../../organization/ids.ts';
import type { Target } from '../../organization/target.ts';
import type { RampFacts } from './ramp-store.ts';

/** The ramp of a matcher's first send. */
export function matcherRampId(key: MatcherKey): string {
  return `m:${key}`;
}

/** The ramp of a resume: of everything, or of an account. */
export function resumeRampId(scope: 'all' | `account:${string}`): string {
  return `r:${scope}`;
}

/**
 * The ramps in which a host needs a slot before it is sent to. Its matcher's is among them when it is not known yet: the
 * caller begins it.
 *
 * @param ramps see `RampLedger.index`
 */
export function rampsOver(
  ramps: ReadonlyMap<string, RampFacts | null>,
  target: Target,
  record: StoredRecord,
): readonly string[] {
  const matcher = matcherRampId(record.matcherKey);
  const others = [resumeRampId('all'), resumeRampId(`account:${target.accountId}`), record.ramp ?? ''];
  const running = others.filter((id) => (ramps.get(id) ?? null) !== null);
  return ramps.get(matcher) === null ? running : [matcher, ...running];
}
