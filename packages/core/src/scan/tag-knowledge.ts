import { matchesTagPattern, type TagRule, type TagSelector } from './matcher.ts';

/**
 * What the ledger knows of an instance's tags without having them: a scan found that they fit a matcher, or that they fit none
 * of some.
 */
export interface TagKnowledge {
  /** Its tags are as each of these wants them. */
  readonly fits: readonly TagSelector[];
  /** Its tags are not as these want them. */
  readonly misses: readonly TagSelector[];
}

/** Whether tags of which so much is known are as a matcher wants them; null when that is not known. */
export function knowsMatch(selector: TagSelector, { fits, misses }: TagKnowledge): boolean | null {
  if (fits.some((one) => implies(one, selector))) return true;
  if (fits.some((one) => contradicts(one, selector))) return false;
  // With no rule at all it wants every instance.
  if (selector.tags.length === 0 && selector.excludeTags.length === 0) return true;
  return misses.some((missed) => implies(selector, missed)) ? false : null;
}

/** Whether all tags that are as the first wants them are as the second wants them. */
export function implies(first: TagSelector, second: TagSelector): boolean {
  return (
    second.tags.every((wide) => first.tags.some((narrow) => isWithin(narrow, wide))) &&
    second.excludeTags.every((narrow) => first.excludeTags.some((wide) => isWithin(narrow, wide)))
  );
}

/** Whether no tags are as both want them, as far as single rules say so. */
function contradicts(first: TagSelector, second: TagSelector): boolean {
  return (
    first.tags.some((rule) => second.excludeTags.some((excluded) => isWithin(rule, excluded))) ||
    second.tags.some((rule) => first.excludeTags.some((excluded) => isWithin(rule, excluded))) ||
    first.tags.some((rule) => second.tags.some((other) => areApart(rule, other)))
  );
}

/** Whether each value of the narrow rule's is one of the wide one's. A pattern is within `*`, and within itself. */
function isWithin(narrow: TagRule, wide: TagRule): boolean {
  return (
    narrow.key === wide.key &&
    narrow.values.every((value) =>
      wide.values.some(
        (pattern) =>
          pattern === '*' || pattern === value || (!isPattern(value) && matchesTagPattern(value, pattern)),
      ),
    )
  );
}

/** Whether two rules about the same key share no value; of two patterns that is not known. */
function areApart(one: TagRule, other: TagRule): boolean {
  return (
    one.key === other.key &&
    one.values.every((value) =>
      other.values.every((pattern) => {
        if (isPattern(value) && isPattern(pattern)) return false;
        return isPattern(value) ? !matchesTagPattern(pattern, value) : !matchesTagPattern(value, pattern);
      }),
    )
  );
}

function isPattern(value: string): boolean {
  return /[*?\\]/.test(value);
}
