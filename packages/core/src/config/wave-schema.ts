import { z } from 'zod';
import { duration, flag, moment, share, text, textList, textOrList, whole } from './value-shapes.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** One entry of `muster.rollout.waves`. */
export const WaveShape = z.strictObject({
  name: text()
    .optional()
    .describe(
      'Required: lower-case letters, digits and `-`. `rest` names the last wave, of all hosts that no other wave selects; it selects by nothing itself.',
    ),
  units: textList()
    .optional()
    .describe('Only accounts below one of these units, or of the root: `ou-…`, `r-…`.'),
  accounts: textList().optional().describe('Only these accounts.'),
  account_tags: z
    .record(z.string(), textOrList())
    .optional()
    .describe(
      'Only accounts that carry all of these tags, with any value of each. Needs `organizations:ListTagsForResource`. Where the tags of an account are not known, its hosts wait.',
    ),
  instance_tags: z
    .record(z.string(), textOrList())
    .optional()
    .describe('Only instances that carry all of these tags, with any value of each.'),
  regions: textList().optional().describe('Only these regions.'),
  share: share()
    .optional()
    .describe(
      'Only this share of the instances, by a hash of their ids, in the same order for every wave: `5%` and in a later wave `30%` hold the first 5 % and the next 25 %. Default all.',
    ),
  after: z
    .strictObject({
      wave: text()
        .optional()
        .describe(
          'The wave that must have come so far. Default: the one before it in the list; for `rest`, every other wave. `none`: it waits for no other.',
        ),
      joined: share()
        .prefault(0.9)
        .describe(
          'The share of its hosts that must have joined. Hosts that cannot be enrolled, are stopped or gone do not count; a target that was not read counts as not joined.',
        ),
      for: duration(0, 20 * DAY)
        .prefault('15m')
        .describe('For how long without a break. The default is how long a lost host takes to be noticed.'),
    })
    .optional()
    .describe(
      'How far another wave must have come before this one begins. Without it, a wave begins after the one before it in the list, by the defaults below; the first one begins at once.',
    ),
  not_before: moment()
    .optional()
    .describe(
      'The wave also begins no earlier than this: `2027-01-11` (0:00 UTC) or `2027-01-11T08:00:00+01:00`.',
    ),
  approve: flag()
    .prefault(false)
    .describe(
      'The wave also waits for `muster approve NAME`, which pins how many hosts and accounts it has.',
    ),
  grow: share()
    .optional()
    .describe(
      'By which share of hosts an approved wave may grow before its next sends must be approved again. Default `10%`.',
    ),
  in_flight: whole(1, 100_000)
    .optional()
    .describe(
      'How many hosts of the wave may be under way at once: from their claim until they have joined or failed. Default: only `muster.limits` counts.',
    ),
});
export type WaveShape = z.infer<typeof WaveShape>;
