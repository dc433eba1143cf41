import { z } from 'zod';
import { FROZEN_WORK } from '../rollout/freeze/freeze.ts';
import { duration, oneOf, text, textList } from './value-shapes.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** One entry of `muster.freeze`. */
export const FreezeShape = z.strictObject({
  name: text()
    .optional()
    .describe('Required: lower-case letters, digits and `-`. Everything that waits for the window names it.'),
  units: textList()
    .optional()
    .describe('Only accounts below one of these units, or of the root: `ou-…`, `r-…`.'),
  accounts: textList().optional().describe('Only these accounts.'),
  regions: textList().optional().describe('Only these regions.'),
  for: z
    .array(oneOf(...FROZEN_WORK))
    .optional()
    .describe(
      'What the window holds: `sends` (first installs and retries), `repairs` (of hosts that are lost), `clean-up` (of nodes). Default all three.',
    ),
  from: text()
    .optional()
    .describe(
      'When the window begins: `2026-12-20` (0:00 in `time_zone`), `2026-12-20T18:00` (in `time_zone`) or `2026-12-20T18:00:00+01:00`. With `rrule`: the first time that it begins, from which `INTERVAL` and `COUNT` count; without `BYHOUR` it also says at what time of the day.',
    ),
  to: text().optional().describe('When it ends, written like `from`. Not with `rrule`.'),
  rrule: text()
    .optional()
    .describe(
      'When a window begins that recurs: a rule of RFC 5545 such as `FREQ=WEEKLY;BYDAY=FR;BYHOUR=18`, by the clocks of `time_zone`, daily at most. `UNTIL` ends it.',
    ),
  duration: duration(MINUTE, 60 * DAY)
    .optional()
    .describe(
      'How long a window of `rrule` lasts, in real time, at most `1440h`: 8h from 22:00 end at 7:00 in the night in which clocks are set forward.',
    ),
  time_zone: text().optional().describe('A name of the IANA, such as `Europe/Berlin`. Default `UTC`.'),
});
export type FreezeShape = z.infer<typeof FreezeShape>;
