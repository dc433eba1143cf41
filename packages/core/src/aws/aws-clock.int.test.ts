import { expect, test } from 'vitest';
import { createClock } from '../runtime/clock.ts';
import { createAwsClock } from './aws-clock.ts';
import { clock, signal, useSimulatedAws } from './simulated-aws.fixture.ts';

const { start, count, accountsOf, firstTarget } = useSimulatedAws();

const WORLD = { accounts: 3, regions: 2, instances: 12 };

test.each([360_000, -360_000, 1_200_000])(
  'a process whose time is off by %i ms signs by the Date of AWS’s first refusal, with all clients, and sends once',
  async (offMs) => {
    const adapter = await start(WORLD, { clock: { ...clock, now: () => clock.now() + offMs } });

    expect((await accountsOf(adapter)).length).toBeGreaterThan(0);

    const { access, instances } = await firstTarget(adapter);
    const [first] = instances;
    if (first === undefined) throw new Error('there is an instance');
    const sent = await adapter.sendCommand(
      access,
      {
        documentName: 'AWS-RunShellScript',
        instanceIds: [first.instanceId],
        parameters: { commands: ['true'] },
        comment: 'test',
        deliveryTimeoutSeconds: 600,
        windowEndMonotonicMs: clock.monotonicMs() + 10_000,
      },
      signal,
    );
    // A send is never repeated: the role's session, which it needs first, has told the time.
    expect(sent.kind).toBe('accepted');
    expect(count('ssm:SendCommand')).toBe(1);
  },
);

test('a machine whose clock is set in the middle goes on by AWS’s', () => {
  const time = { machineMs: 1_000_000_000, counterMs: 0 };
  const aws = createAwsClock(
    createClock({ machineNow: () => time.machineMs, monotonicMs: () => time.counterMs }),
  );
  expect(aws.isKnown()).toBe(false);
  aws.learn(new Date(2_000_000_000).toUTCString(), 0);
  expect(Math.abs(aws.now() - 2_000_000_000)).toBeLessThanOrEqual(500);

  time.machineMs += 1_200_000;
  time.counterMs += 5_000;

  expect(Math.abs(aws.now() - 2_000_005_000)).toBeLessThanOrEqual(500);
  expect(aws.corrections()).toBe(1);
  aws.learn('no date', 0);
  aws.learn(undefined, 0);
  expect(aws.corrections()).toBe(1);
});
