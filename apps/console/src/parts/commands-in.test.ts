import { expect, test } from 'vitest';
import { commandsIn } from './commands-in.ts';

test.each([
  ['When it may go on, run: muster resume --account 111122223333', ['muster resume --account 111122223333']],
  [
    'See why (muster instances --state failed, then muster explain INSTANCE), fix it, then run: muster resume --all. The ramp then begins anew.',
    ['muster instances --state failed', 'muster explain INSTANCE', 'muster resume --all'],
  ],
  [
    'Run the command by hand: tctl get nodes --format=json. Nothing is sent.',
    ['tctl get nodes --format=json'],
  ],
  ['tctl get nodes shows it with its labels', ['tctl get nodes']],
  ['muster sweep --account reads this account again.', ['muster sweep --account']],
  [
    'Look at muster waves and muster approve eu --dry-run, then run: muster approve eu',
    ['muster waves', 'muster approve eu --dry-run', 'muster approve eu'],
  ],
  [
    'muster findings says where it is off, muster init dhmc writes it',
    ['muster findings', 'muster init dhmc'],
  ],
  ['or at once by: muster retry --cause ec2-join-failure', ['muster retry --cause ec2-join-failure']],
  ['Compare with muster config diff OLD NEW.', ['muster config diff OLD NEW']],
  ['raise muster.limits.installs_in_flight when the caps are too small', []],
  ['Nothing to do: Muster takes the instance up.', []],
])('in %j', (text, commands) => {
  const parts = commandsIn(text);

  expect(parts.filter(({ kind }) => kind === 'command').map(({ words }) => words)).toEqual(commands);
  expect(parts.map(({ words }) => words).join('')).toBe(text);
});
