import { PassThrough } from 'node:stream';
import { ALL } from '@muster/core/control/scope';
import { expect, test } from 'vitest';
import { mayAct, printDone, tellTouched } from './ask-before-act.ts';
import { EXIT } from './command-context.ts';

function told(hosts: number) {
  return tellTouched('retry', ALL, { hosts, accounts: 2, some: [] });
}

/** A seat, and what was written to it. */
function seatOf({ isTTY, answer }: { isTTY: boolean; answer?: string }) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const [output, errors] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY })];
  if (answer !== undefined) input.end(answer);
  const text = (stream: PassThrough): string => String(stream.read() ?? '');
  return { seat: { input, output, errors }, out: () => text(output), err: () => text(errors) };
}

test('a dry run prints what it touches, and nothing is done', async () => {
  const { seat, out, err } = seatOf({ isTTY: true });

  expect(await mayAct(told(412), { dryRun: true }, seat)).toBe(false);

  expect(out()).toBe('This touches 412 hosts in 2 accounts.\n');
  expect(err()).toBe('');
});

test('a dry run with --json prints one line, and so does the act', async () => {
  const { seat, out, err } = seatOf({ isTTY: false });
  const act = { act: 'retry', scope: 'all', hosts: 412, accounts: 2, someAccounts: [] };

  expect(await mayAct(told(412), { dryRun: true, json: true }, seat)).toBe(false);
  expect(JSON.parse(out())).toEqual({ ...act, dryRun: true, done: false });

  expect(await mayAct(told(412), { json: true }, seat)).toBe(true);
  printDone(told(412), { json: true }, 'not printed', { hosts: 400 }, seat.output);
  expect(JSON.parse(out())).toEqual({ ...act, hosts: 400, dryRun: false, done: true });
  expect(err()).toBe('');
});

test.each(['y\n', 'yes\n', 'Y\n'])('at a terminal %j goes on above 20 hosts', async (answer) => {
  const { seat, err } = seatOf({ isTTY: true, answer });

  expect(await mayAct(told(21), {}, seat)).toBe(true);

  expect(err()).toBe('This touches 21 hosts in 2 accounts.\nGo on? [y/N] ');
});

test.each(['\n', 'n\n', 'yesterday\n', ''])(
  'at a terminal %j ends the command with exit code 1',
  async (answer) => {
    const { seat } = seatOf({ isTTY: true, answer });

    await expect(mayAct(told(21), {}, seat)).rejects.toMatchObject({
      exitCode: EXIT.failed,
      message: 'Nothing was done.',
    });
  },
);

test.each([
  ['20 hosts', 20, {}, true],
  ['--yes', 412, { yes: true }, true],
  ['a script', 412, {}, false],
])('%s: it is told on standard error, and not asked', async (_, hosts, options, isTTY) => {
  const { seat, out, err } = seatOf({ isTTY });

  expect(await mayAct(told(hosts), options, seat)).toBe(true);

  expect(err()).toBe(`This touches ${hosts} hosts in 2 accounts.\n`);
  expect(out()).toBe('');
});

test('what a resume ends, and what stays paused, is told a sentence each', () => {
  const { lines } = tellTouched(
    'resume',
    ALL,
    { hosts: 1, accounts: 1, some: [] },
    {
      ends: ['the brake on every account', 'the hold before the first send'],
      stillPaused: ['region:eu-west-1'],
    },
  );

  expect(lines).toEqual([
    'This touches 1 host in 1 account.',
    'It ends the brake on every account; the hold before the first send.',
    'Still paused after it: region:eu-west-1.',
  ]);
});
