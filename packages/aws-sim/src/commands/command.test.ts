import { expect, test } from 'vitest';
import { type Command, type Invocation, STATUS_OF, summarize, type TerminalDetails } from './command.ts';

/** A command of which only what a summary reads is there. */
function commandOf(details: readonly (TerminalDetails | null)[], maxErrors: string): Command {
  const command = { maxErrors, cancelledAtMs: null, invocations: [] as Partial<Invocation>[] };
  for (const end of details) {
    command.invocations.push({
      startedAtMs: 1,
      delayedAtMs: null,
      cancellingAtMs: null,
      endedAtMs: end === null ? null : 2,
      end: end === null ? null : { details: end, exitCode: 0, stdout: '', stderr: '' },
    });
  }
  return command as unknown as Command;
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html */
test.each<[(TerminalDetails | null)[], string, string]>([
  [['Success', 'Success'], '0', 'Success Success'],
  [['Success', null], '0', 'InProgress InProgress'],
  [['Success', 'Failed'], '0', 'Failed Failed'],
  [['Success', 'Failed'], '1', 'Failed Incomplete'],
  [['Success', 'Failed'], '100%', 'Failed Incomplete'],
  [['Failed', 'Terminated', 'Terminated'], '0', 'Failed Failed'],
  [['Undeliverable', 'Undeliverable', 'Undeliverable', 'Undeliverable', 'Success'], '0', 'Success Success'],
  [['Undeliverable', 'Undeliverable'], '0', 'Failed Failed'],
  [['InvalidPlatform', 'Success'], '0', 'Success Success'],
  [['DeliveryTimedOut', 'Success'], '0', 'Failed Incomplete'],
  [['DeliveryTimedOut', 'DeliveryTimedOut'], '0', 'TimedOut DeliveryTimedOut'],
  [['ExecutionTimedOut'], '0', 'TimedOut ExecutionTimedOut'],
  [['AccessDenied', 'AccessDenied'], '0', 'Failed AccessDenied'],
  [[], '0', 'Success NoInstancesInTag'],
])('invocations %j with MaxErrors %s make a command %s', (details, maxErrors, expected) => {
  const { status, details: shown } = summarize(commandOf(details, maxErrors), 10);

  expect(`${status} ${shown}`).toBe(expected);
});

test('the counts of a command are those of its invocations', () => {
  const command = commandOf(
    ['Success', 'Failed', 'ExecutionTimedOut', 'DeliveryTimedOut', 'Undeliverable', null],
    '100%',
  );

  expect(summarize(command, 10)).toMatchObject({
    targetCount: 6,
    completedCount: 5,
    errorCount: 2,
    deliveryTimedOutCount: 1,
  });
});

test('every detail has its status', () => {
  expect(STATUS_OF).toEqual({
    Pending: 'Pending',
    InProgress: 'InProgress',
    Delayed: 'Delayed',
    Success: 'Success',
    Failed: 'Failed',
    ExecutionTimedOut: 'TimedOut',
    DeliveryTimedOut: 'TimedOut',
    Undeliverable: 'Failed',
    Terminated: 'Cancelled',
    InvalidPlatform: 'Failed',
    AccessDenied: 'Failed',
    Cancelling: 'Cancelling',
    Cancelled: 'Cancelled',
  });
});
