/** A short form of the chaos suite (`npm run test:chaos`): the same misfortunes in small worlds, side by side. */
import { expect, test } from 'vitest';
import { type CallPoint, strikeAtPoints } from './call-points.ts';
import { lostAnswers } from './lost-answers.ts';
import { randomKills } from './random-kills.ts';

/** Around the send and the writes beside it. */
const POINTS: readonly CallPoint[] = [18, 22, 26, 30].map((number) => ({
  handler: 'install-batch',
  moment: 'after',
  number,
}));

const CASES = [
  randomKills({
    accounts: 10,
    regions: 2,
    instances: 200,
    schedulers: 2,
    workers: 2,
    speed: 40,
    killForMs: 10_000,
    everyMs: [500, 2_000],
    endWithinMs: 90_000,
  }),
  strikeAtPoints(POINTS, { kind: 'kill' }),
  lostAnswers({ accounts: 8, regions: 2, instances: 160 }),
];

test.concurrent.each(CASES)('nothing is doubled and nothing lost: $name', async (chaos) => {
  await expect(chaos.run(7)).resolves.toBeTypeOf('string');
});
