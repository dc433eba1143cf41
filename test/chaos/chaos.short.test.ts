/** A short form of the chaos suite (`npm run test:chaos`): the same misfortunes in small worlds, side by side. */
import { expect, test } from 'vitest';
import { type CallPoint, countCallPoints, strikeAtPoints } from './call-points.ts';
import type { ChaosCase } from './chaos-case.ts';
import { lostAnswers } from './lost-answers.ts';
import { randomKills } from './random-kills.ts';

/** Right after four of the last calls of the longest install: around the send and the writes beside it. */
const killAroundTheSend: ChaosCase = {
  name: 'kill at four call points around the send',
  async run(seed) {
    const highest = (await countCallPoints(seed, 'install')).get('install-batch') ?? 0;
    const points = [0.55, 0.65, 0.75, 0.85].map(
      (share): CallPoint => ({
        handler: 'install-batch',
        moment: 'after',
        number: Math.round(highest * share),
      }),
    );
    return strikeAtPoints(points, { kind: 'kill' }).run(seed);
  },
};

const CASES = [
  randomKills({
    accounts: 10,
    regions: 2,
    instances: 200,
    schedulers: 2,
    workers: 2,
    speed: 40,
    killForMs: 20_000,
    everyMs: [1_500, 4_000],
    endWithinMs: 150_000,
  }),
  killAroundTheSend,
  lostAnswers({ accounts: 8, regions: 2, instances: 160 }),
];

test.concurrent.each(CASES)('nothing is doubled and nothing lost: $name', async (chaos) => {
  await expect(chaos.run(7)).resolves.toBeTypeOf('string');
});
