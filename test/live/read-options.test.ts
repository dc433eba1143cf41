import { expect, test } from 'vitest';
import { readLiveOptions } from './read-options.ts';

test.each([
  ['nothing named', [], /--account.*--region/s],
  ['no region', ['--account', '111122223333'], /--region/],
  ['an account that is none', ['--account', 'prod', '--region', 'eu-west-1'], /12 digits/],
  [
    'an external id without a role',
    ['--account', '111122223333', '--region', 'eu-west-1', '--external-id', 'x'],
    /--role-arn/,
  ],
  [
    'a user in place of a role',
    ['--account', '111122223333', '--region', 'eu-west-1', '--role-arn', 'arn:aws:iam::111122223333:user/x'],
    /member role/,
  ],
  [
    'an identity without a proxy',
    ['--account', '111122223333', '--region', 'eu-west-1', '--identity', 'x'],
    /--proxy/,
  ],
  ['a proxy with a path', ['--proxy', 'teleport.example.com/web'], /HOST:PORT/],
  ['a flag that there is not', ['--acount', '111122223333'], /acount/],
])('%s is refused', (_, args, expected) => {
  const asked = readLiveOptions(args);

  expect(asked).toMatchObject({ kind: 'faults' });
  expect(asked.kind === 'faults' ? asked.faults.join('\n') : '').toMatch(expected);
});

test('a cluster alone may be named, and https is spoken to it', () => {
  expect(readLiveOptions(['--proxy', 'teleport.example.com:443', '--identity', 'id'])).toEqual({
    kind: 'run',
    options: {
      aws: null,
      teleport: {
        url: 'https://teleport.example.com:443',
        tctl: ['tctl', '--identity=id', '--auth-server=teleport.example.com:443'],
      },
      folder: 'live-record',
    },
  });
});
