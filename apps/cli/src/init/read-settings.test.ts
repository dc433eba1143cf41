import { expect, test } from 'vitest';
import { exampleSettings } from './example.fixture.ts';
import { readSettings } from './read-settings.ts';

test('everything that is wrong is said at once, beginning with the option', () => {
  const reading = readSettings(
    {
      organization: 'o-UPPER',
      proxy: 'teleport.example.com',
      roleName: 'arn:aws:iam::111122223333:role/x',
      discoveryRole: 'with/path',
      discoveryAccount: '12',
      externalId: 'x y',
      document: 'AWS-Mine',
      partition: 'aws-iso',
      region: ['Frankfurt'],
      tag: ['novalue', '=x', 'k=$(id)'],
      accountTag: ['neither'],
      with: ['ssm:GetServiceSetting', 'ssm:*'],
    },
    {
      tokenAccounts: '111122223333 oops\n12',
      externalId: 'unused',
      documentName: null,
      markerKey: '',
      readsAccountTags: false,
      removesNodes: false,
    },
  );

  expect(reading.ok ? [] : reading.faults.map((fault) => fault.split(/[: ]/, 1)[0])).toEqual([
    '--region',
    '--account-tag',
    '--partition',
    '--organization',
    '--proxy',
    '--role-name',
    '--discovery-role',
    '--discovery-account',
    '--external-id',
    '--document',
    '--tag',
    '--tag',
    '--tag',
    '--token-accounts',
    '--token-accounts',
    '--with',
    '--dir',
  ]);
});

test('a shell, a template or a YAML file cannot be reached through any value', () => {
  const good = {
    organization: 'o-a1b2c3d4e5',
    proxy: 'a:1',
    roleName: 'role',
    discoveryRole: 'role',
    externalId: 'id',
    document: 'Document',
    discoveryAccount: '111122223333',
    partition: 'aws',
  };
  for (const hostile of [
    "'",
    '"',
    '`',
    '$(id)',
    '${x}',
    '{{ x }}',
    '\nb',
    ' b',
    '\\',
    '#',
    ';',
    '<',
    '&',
    '%{x}',
  ]) {
    for (const [option, value] of Object.entries(good)) {
      expect(() => exampleSettings({ [option]: `${value}${hostile}` }), `${option} ${hostile}`).toThrow(
        /^--/,
      );
    }
    expect(() => exampleSettings({ region: [`eu-west-1${hostile}`] })).toThrow('--region');
  }
});

test('the partition is that of the regions, and all regions are of it', () => {
  expect(exampleSettings({ region: ['us-gov-east-1'] })).toMatchObject({
    partition: 'aws-us-gov',
    homeRegion: 'us-gov-east-1',
  });
  expect(exampleSettings({ partition: 'aws-cn' })).toMatchObject({ homeRegion: 'cn-north-1', regions: [] });
  expect(() => exampleSettings({ region: ['eu-west-1', 'cn-north-1'] })).toThrow(
    '--region "cn-north-1": not a region of the partition aws',
  );
});

test('a role may have a path, and a tag several values', () => {
  const settings = exampleSettings({ roleName: '/teleport/discovery', tag: ['env=a', 'env=b', 'url=x=y'] });

  expect(settings.memberRole).toEqual({ path: '/teleport/', name: 'discovery' });
  expect([...settings.tags]).toEqual([
    ['env', ['a', 'b']],
    ['url', ['x=y']],
  ]);
});

test('accounts are read with comments and commas, sorted, each once', () => {
  const { tokenAccounts } = exampleSettings(
    {},
    '444455556666,\t012345678901 # the old one: 999\n\n444455556666\r\n',
  );

  expect(tokenAccounts).toEqual(['012345678901', '444455556666']);
});

test('an empty list of accounts would let no host join, and is refused', () => {
  expect(() => exampleSettings({}, '# none yet\n')).toThrow('there is no account id in the file');
});

test('of many bad accounts the first ten are shown', () => {
  const reading = readSettings(
    { organization: 'o-a1b2c3d4e5', proxy: 'a:1', dir: 'x' },
    {
      tokenAccounts: Array.from({ length: 30 }, (_, i) => `x${i}`).join('\n'),
      externalId: 'abc',
      documentName: null,
      markerKey: '',
      readsAccountTags: false,
      removesNodes: false,
    },
  );

  expect(reading.ok ? [] : reading.faults).toHaveLength(11);
  expect(reading.ok ? '' : reading.faults.at(-1)).toBe('--token-accounts: and 20 more');
});
