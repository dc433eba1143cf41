/** The page loads nothing of the core, so it has a list of states of its own. */
import { ENROLLMENT_STATES, ON_THE_WAY } from '@muster/core/enrollment/record';
import { expect, test } from 'vitest';
import { STATES, UNDER_WAY } from '../../apps/console/src/format/wording.ts';

test('the console knows the states of the core, and counts the same ones as under way', () => {
  expect(STATES.map(({ state }) => state).toSorted()).toEqual(ENROLLMENT_STATES.toSorted());
  expect(UNDER_WAY).toEqual(ON_THE_WAY);
});
