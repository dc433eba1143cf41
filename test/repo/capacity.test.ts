/** docs/capacity.md says what was measured: its tables follow from the results, and its formula from the simulator's counts. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { callsADay, firstSends, restCores, unitCosts, workersFor } from '../../bench/capacity.ts';
import { MEASURED, withCapacityTables } from '../../bench/capacity-page.ts';
import { readResults } from '../../bench/results.ts';

const RESULTS = fileURLToPath(new URL('../../bench/results/', import.meta.url));
const results = readResults(RESULTS, [...MEASURED, 'calls']);
const counted = results.find(({ name }) => name === 'calls');

test('docs/capacity.md is current (else run: node scripts/generate-docs.ts)', () => {
  const page = readFileSync(new URL('../../docs/capacity.md', import.meta.url), 'utf8');

  expect(page).toBe(withCapacityTables(page, results));
  expect(page).toContain('| 5,000 | 85,000 | 500,000 |');
});

/** The world of `npm run bench -- calls`. */
const FLEET = { accounts: 20, regions: 5, instances: 1_000, workers: 1, pollMinutes: 5 };
const TARGETS = FLEET.accounts * FLEET.regions;
const POLLS_A_DAY = 288;

test.each(['ec2:DescribeInstances', 'organizations:ListAccounts'])(
  'at rest the simulator has counted as many calls of %s as the formula says',
  (api) => {
    const day = (counted?.figures[`${api}PerTargetAndPoll`] ?? Number.NaN) * TARGETS * POLLS_A_DAY;
    const said = callsADay(FLEET)[api] ?? 0;

    expect(day / said).toBeGreaterThan(0.85);
    expect(day / said).toBeLessThan(1.1);
  },
);

test('at rest the simulator has counted no other calls, but those that a day or an hour has one of', () => {
  const others = Object.entries(counted?.figures ?? {}).filter(
    ([name, value]) => name.endsWith('PerTargetAndPoll') && value > 0,
  );

  expect(others.map(([name]) => name.replace('PerTargetAndPoll', '')).toSorted()).toEqual([
    'ec2:DescribeInstances',
    'organizations:ListAccounts',
  ]);
});

test('a first installation has sent no fewer commands than the formula says, and no more than twice as many', () => {
  const sends = (counted?.figures['ssm:SendCommandPerInstanceMoving'] ?? Number.NaN) * FLEET.instances;

  expect(sends / firstSends(FLEET)).toBeGreaterThanOrEqual(1);
  expect(sends / firstSends(FLEET)).toBeLessThan(2);
});

test('two workers are the fewest, and what they must do grows with targets and not with instances', () => {
  const costs = unitCosts(results);
  const large = { ...FLEET, accounts: 5_000, regions: 17 };

  expect(workersFor(FLEET, costs)).toBe(2);
  expect(restCores(large, costs)).toBeGreaterThan(100 * restCores(FLEET, costs));
  expect(restCores({ ...large, instances: 10_000_000 }, costs)).toBe(restCores(large, costs));
});
