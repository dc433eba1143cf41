/** What every list of `/api/v1` takes and gives. */
import { z } from 'zod';

/** The most rows of one page; a page holds 50 where nothing is asked for. */
export const MOST_ROWS = 500;
const USUAL_ROWS = 50;
const ROWS = `Must be a whole number from 1 to ${MOST_ROWS}`;
/** A cursor holds the values that its list is sorted by: five of them, as long as AWS lets the text of a tag be, in any script. */
const LONGEST_CURSOR = 8_000;

/** Times in answers: ISO 8601 in UTC with milliseconds. */
export const Time = z.iso.datetime({ precision: 3 });

/** Times in requests: any ISO 8601 with a zone, such as `2026-11-30T08:00:00Z`; read as `Time` has it. */
export const AskedTime = z.iso
  .datetime({ offset: true, error: 'Must be a time with its zone, such as 2026-11-30T08:00:00Z' })
  .transform((text) => new Date(text).toISOString());

/** Several values of one parameter, joined by commas: `state=failed,lost`. */
export const Words = z
  .string('Must be one text with its words joined by commas, such as failed,lost')
  .transform((text) => text.split(',').filter((word) => word !== ''))
  .pipe(z.array(z.string().max(200)).min(1).max(100));

/** The parameters of a list, beside its filters. */
export const ListQuery = z.object({
  limit: z.coerce
    .number(ROWS)
    .int(ROWS)
    .min(1, ROWS)
    .max(MOST_ROWS, ROWS)
    .default(USUAL_ROWS)
    .describe('Rows of one page.'),
  cursor: z
    .string()
    .max(LONGEST_CURSOR)
    .optional()
    .describe('`next` of the page before, with the same filters and sort.'),
  sort: z
    .string()
    .max(200)
    .optional()
    .describe('Fields by which rows are sorted, the first decides; `-` before one turns it round.'),
  fields: z
    .string()
    .max(1_000)
    .optional()
    .describe('The only fields of a row that are wanted, joined by commas.'),
});

/** How old an answer's data is. */
export const Freshness = z.object({
  /** The moment that the answer speaks of. */
  asOf: Time,
  ageMs: z.number().nonnegative(),
  /** Whether newer data is known to exist and could not be read yet: the read model is being rebuilt, or Redis is away. */
  stale: z.boolean(),
});
export type Freshness = z.infer<typeof Freshness>;

/** One page of a list. */
export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({
    ...Freshness.shape,
    items: z.array(row),
    /** The cursor of the next page; null on the last. */
    next: z.string().nullable(),
    /** Rows over all pages. */
    total: z.number().int().nonnegative(),
  });
}

/** The same as a type, for those who make pages. */
export interface Page<Row> extends Freshness {
  readonly items: readonly Row[];
  readonly next: string | null;
  readonly total: number;
}
