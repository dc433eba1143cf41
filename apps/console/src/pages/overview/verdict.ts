/** What the overview says first: is everything well? */
import type { Overview } from '@muster/api/overview';
import { plural } from '../../format/numbers.ts';
import type { Tone } from '../../format/wording.ts';
import { hostSums } from './host-sums.ts';

/** One sentence, and how it stands. */
export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
}

/** What is wrong decides; where nothing is, what moves; else all is well. Unread accounts are never passed over. */
export function verdictOf(overview: Pick<Overview, 'instances' | 'lastSweep' | 'sweep' | 'needs'>): Verdict {
  const { needs, lastSweep, sweep } = overview;
  const sums = hostSums(overview.instances.byState);
  const notRead = (lastSweep ?? sweep)?.notRead ?? { accounts: 0, targets: 0 };
  const stops = needs.filter(({ stopsSending, muted }) => stopsSending && muted === null);
  if (stops.some(({ scope }) => scope === 'all')) {
    return { tone: 'bad', text: 'All sends are stopped until you act.' };
  }
  if (sums.failed + sums.lost > 0) {
    return { tone: 'bad', text: `${plural(sums.failed + sums.lost, 'host')} failed or were lost.` };
  }
  if (stops.length > 0) return { tone: 'warn', text: 'Sends to parts of the fleet are stopped.' };
  if (notRead.accounts + notRead.targets > 0) {
    return { tone: 'warn', text: 'Parts of the organization could not be read.' };
  }
  if (sums.ineligible > 0) {
    return { tone: 'warn', text: `${plural(sums.ineligible, 'host')} cannot be enrolled as they are.` };
  }
  if (sweep === null) return { tone: 'busy', text: 'Nothing has been read yet.' };
  if (sums.underWay > 0) return { tone: 'busy', text: `${plural(sums.underWay, 'host')} on the way.` };
  if (sums.other > 0) {
    return { tone: 'busy', text: `${plural(sums.other, 'host')} in a state that a newer release knows.` };
  }
  if (lastSweep === null) return { tone: 'busy', text: 'The first reading of the organization runs.' };
  return { tone: 'good', text: 'All is well: every host that is meant to join has joined.' };
}
