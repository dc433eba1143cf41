import { expect, test } from 'vitest';
import { Cause, CAUSES, causeFacts, StoredCause } from './cause.ts';

const NAMES = Cause.options;

test('the schema knows every cause of the table and nothing else', () => {
  expect(NAMES).toEqual(Object.keys(CAUSES));
  expect(Cause.safeParse('ec2-unheard-of').success).toBe(false);
});

test.each(NAMES)('%s says what is wrong and what to do, in sentences', (cause) => {
  const { title, remedy } = causeFacts(cause);

  expect(title).toMatch(/^\w.*[^.]$/);
  expect(remedy).toMatch(/^[A-Z].{10,}\.$/s);
});

test.each(NAMES)('%s: a cause that goes by itself has no person to fix it', (cause) => {
  const { owner, handling } = causeFacts(cause);

  // Trying again soon is only right where no person has to act first.
  expect(handling !== 'retry-soon' || owner === 'muster').toBe(true);
});

test('a cause of a newer release is explained as one, and said what becomes of it', () => {
  const { title, owner, remedy } = causeFacts('of-tomorrow');

  expect(title).toContain('newer release');
  expect(owner).toBe('operator');
  expect(remedy).toContain('muster retry --cause of-tomorrow');
  expect(causeFacts('toString').title).toBe(title);
});

test.each(['', 'A', 'x y', 'a|b', '<b>', 'é', 'x'.repeat(65)])('"%s" is no cause of any release', (word) => {
  expect(StoredCause.safeParse(word).success).toBe(false);
});

test('Teleport’s own identifiers are kept as they are', () => {
  expect(NAMES).toEqual(
    expect.arrayContaining([
      'ec2-ssm-agent-not-registered',
      'ec2-ssm-agent-connection-lost',
      'ec2-ssm-unsupported-os',
      'ec2-ssm-script-failure',
      'ec2-ssm-invocation-failure',
      'ec2-perm-account-denied',
      'ec2-perm-org-denied',
    ]),
  );
});
