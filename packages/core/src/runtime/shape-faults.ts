import type { z } from 'zod';

const MOST_FAULTS = 5;
const STEP_CHARS = 40;

/**
 * What does not fit of something that another party wrote, by place. Keys that are not ours are counted, never repeated:
 * they can have any length and hold anything.
 */
export function describeShapeFaults({ issues }: Pick<z.ZodError, 'issues'>): string {
  const told = issues.slice(0, MOST_FAULTS).map((issue) => {
    const place = issue.path.map((step) => String(step).slice(0, STEP_CHARS)).join('.');
    return place === '' ? describe(issue) : `${place}: ${describe(issue)}`;
  });
  const more = issues.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  const count = issue.keys.length;
  return count === 1 ? 'one key too many' : `${count} keys too many`;
}
