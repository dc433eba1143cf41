import { expect, test } from 'vitest';
import { createRedactor } from './redact.ts';

const SALT = Buffer.alloc(32, 7);

test('ids keep their kind, and the same id gives the same mask', () => {
  const redactor = createRedactor(SALT);
  const id = 'i-0123456789abcdef0';

  const [first, again, other] = [id, id, 'i-0fedcba9876543210'].map((InstanceId) =>
    redactor.value({ InstanceId }),
  );

  expect(first).toEqual({ InstanceId: expect.stringMatching(/^i-#[0-9a-f]{10}$/) });
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(createRedactor(Buffer.alloc(32, 8)).value({ InstanceId: id })).not.toEqual(first);
});

test('what is not known to be harmless is masked, and words of AWS are not', () => {
  const redactor = createRedactor(SALT);

  expect(
    redactor.value({
      State: { Name: 'running', Code: 16 },
      Tags: [
        { Key: 'owner', Value: 'Jane Doe' },
        { Key: 'x', Value: '' },
      ],
      PrivateIpAddress: '10.1.2.3',
      OwnerId: '111122223333',
      Arn: 'arn:aws:iam::111122223333:role/teams/payments',
      Email: 'jane@example.com',
      LaunchTime: new Date(),
      EbsOptimized: false,
      KeyName: 'running',
    }),
  ).toEqual({
    State: { Name: 'running', Code: 16 },
    Tags: [
      { Key: 'text of 5', Value: 'text of 8' },
      { Key: 'text of 1', Value: '' },
    ],
    PrivateIpAddress: 'ipv4',
    OwnerId: expect.stringMatching(/^account-#/),
    Arn: expect.stringMatching(/^arn:iam:#/),
    Email: 'email',
    LaunchTime: 'date',
    EbsOptimized: false,
    KeyName: 'text of 7',
  });
});

test('a word of AWS that holds an id is masked all the same', () => {
  expect(createRedactor(SALT).value({ SettingValue: 'for 111122223333' })).toEqual({
    SettingValue: 'text of 16',
  });
});

test('a message loses ids, and texts that were masked in an answer', () => {
  const redactor = createRedactor(SALT);
  redactor.value({ Name: 'payments-prod' });

  const text = redactor.text(
    'User: arn:aws:sts::111122223333:assumed-role/admin/jane is not authorized on i-0123456789abcdef0 of payments-prod in 444455556666',
  );

  expect(text).toMatch(/^User: arn:sts:#\w+ is not authorized on i-#\w+ of text of 13 in account-#\w+$/);
});

test('labels keep the names that Teleport gives, and no others', () => {
  const labels = { 'teleport.internal/discovered': 'yes', team: 'payments' };

  expect(createRedactor(SALT).value({ metadata: { labels } })).toEqual({
    metadata: {
      labels: {
        'teleport.internal/discovered': 'text of 3',
        [`key-#${expectedHash('team')}`]: 'text of 8',
      },
    },
  });
});

function expectedHash(key: string): string {
  const masked = createRedactor(SALT).value({ labels: { [key]: '' } }) as { labels: Record<string, string> };
  return Object.keys(masked.labels)[0]?.replace('key-#', '') ?? '';
}

test('a long list is cut, and says by how much', () => {
  const list = createRedactor(SALT).value(Array.from({ length: 30 }, (_, n) => n)) as unknown[];

  expect(list).toHaveLength(21);
  expect(list.at(-1)).toBe('and 10 more');
});
