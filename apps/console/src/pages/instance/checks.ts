/** The way of one instance as checks, in the order in which Muster makes them: which hold, and at which one it stands. */
import type { InstanceStory } from '@muster/api/instances';
import { labelOfCoverage, type Tone } from '../../format/wording.ts';

/** What the checks look at. */
export type CheckedStory = Pick<
  InstanceStory,
  'state' | 'cause' | 'causeTitle' | 'matcher' | 'waitsFor' | 'attemptCount' | 'missingNode' | 'target'
>;

/** One check. Tone `off`: it was not made, or is not known. */
export interface Check {
  readonly name: string;
  readonly tone: Tone;
  /** What was found, as a phrase. May hold foreign text. */
  readonly found: string;
}

/** Where a state stands on the way: how many checks after the reading it has passed. Others (`gone`, a newer release's) are in no order. */
const PASSED: Readonly<Record<string, number>> = {
  unmatched: 0,
  stopped: 1,
  discovered: 2,
  ineligible: 2,
  queued: 3,
  sending: 3,
  installing: 3,
  failed: 3,
  installed: 4,
  lost: 4,
  joined: 5,
};

/** The checks after the reading. */
const WAY = [
  'Selected by a matcher',
  'Running',
  'Fit for an installation',
  'Installed',
  'Node in Teleport',
] as const;

/** What each check found where it holds. */
function foundOf(check: (typeof WAY)[number], story: CheckedStory): string {
  switch (check) {
    case 'Selected by a matcher':
      return story.matcher ?? 'by a matcher of an earlier configuration';
    case 'Running':
      return 'EC2 shows it running';
    case 'Fit for an installation':
      return 'Systems Manager can reach it';
    case 'Installed':
      return story.attemptCount === 0
        ? 'without a command of Muster that is remembered'
        : `after ${story.attemptCount === 1 ? '1 attempt' : `${story.attemptCount} attempts`}`;
    case 'Node in Teleport':
      return 'the inventory shows it';
    default:
      return check satisfies never;
  }
}

/** What is said of the check at which a state stands. */
function standsAt(story: CheckedStory): Pick<Check, 'tone' | 'found'> {
  const why = story.causeTitle ?? story.cause ?? story.waitsFor ?? story.state;
  switch (story.state) {
    case 'unmatched':
      return { tone: 'off', found: 'no matcher of the configuration selects it' };
    case 'stopped':
      return { tone: 'off', found: 'it is stopped' };
    case 'discovered':
      return { tone: 'busy', found: 'not judged yet' };
    case 'queued':
      return { tone: 'busy', found: story.waitsFor ?? 'waits for its turn' };
    case 'sending':
      return { tone: 'busy', found: 'the command is being sent' };
    case 'installing':
      return { tone: 'busy', found: 'the command runs on the host' };
    case 'installed':
      return { tone: 'busy', found: 'not seen yet' };
    case 'ineligible':
      return { tone: 'warn', found: why };
    default:
      return { tone: 'bad', found: why };
  }
}

/** The checks of an instance; of one that is gone, or in a state that this page does not know, only how it was read. */
export function checksOf(story: CheckedStory): readonly Check[] {
  const reading = readingOf(story);
  const passed = PASSED[story.state];
  if (passed === undefined) return [reading];
  const checks = WAY.map((name, index): Check => {
    if (index < passed) return { name, tone: 'good', found: foundOf(name, story) };
    return index === passed ? { name, ...standsAt(story) } : { name, tone: 'off', found: 'not reached' };
  });
  if (story.state !== 'joined' || story.missingNode === null) return [reading, ...checks];
  return [
    reading,
    ...checks.slice(0, -1),
    { name: 'Node in Teleport', tone: 'warn', found: 'missing from the inventory' },
  ];
}

function readingOf({ target: { status } }: CheckedStory): Check {
  const name = 'Account and region read';
  if (status === null) return { name, tone: 'off', found: 'not known' };
  if (status === 'complete') return { name, tone: 'good', found: 'completely' };
  return { name, tone: status === 'pending' ? 'off' : 'bad', found: labelOfCoverage(status) };
}
