import { expect, test } from 'vitest';
import { dropUser, faultOfUserName, parseUsers, putUser } from './users-file.ts';

const HASH =
  '$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHQxNmJ5dGVzIQ$arudPIZWFf8kuOnqvLdvRXN5d6j7VwM9IqGSZtCr0TI';
const ANN = { name: 'ann', role: 'operator', hash: HASH } as const;

test('a file is read line by line, comments aside', () => {
  const text = `# people\r\n\r\nann:operator:${HASH}\r\n  bob@example.com:viewer:${HASH}\n`;

  expect(parseUsers(text)).toEqual({
    ok: true,
    users: [ANN, { ...ANN, name: 'bob@example.com', role: 'viewer' }],
  });
  expect(parseUsers('')).toEqual({ ok: true, users: [] });
});

test.each([
  [`ann:operator:${HASH}\nann:viewer:${HASH}`, 2, 'names ann for a second time'],
  [`ann:root:${HASH}`, 1, 'with a role of viewer, operator, admin'],
  [`ann:operator`, 1, 'no argon2id hash'],
  ['ann:operator:hunter2', 1, 'no argon2id hash'],
  [`a b:operator:${HASH}`, 1, 'NAME:ROLE:HASH'],
  ['hunter2', 1, 'NAME:ROLE:HASH'],
])('%j is refused, by line, without repeating it', (text, line, problem) => {
  const reading = parseUsers(text);

  expect(reading).toMatchObject({ ok: false, line, problem: expect.stringContaining(problem) });
  expect(JSON.stringify(reading)).not.toContain('hunter2');
});

test('a user is put in the place of its name, or at the end; the rest stays as it is', () => {
  const before = `# people\nann:viewer:x\nannabel:viewer:y`;

  expect(putUser(before, ANN)).toBe(`# people\nann:operator:${HASH}\nannabel:viewer:y\n`);
  expect(putUser('# people\n', ANN)).toBe(`# people\nann:operator:${HASH}\n`);
  expect(putUser('', ANN)).toBe(`ann:operator:${HASH}\n`);
  expect(dropUser(before, 'ann')).toBe('# people\nannabel:viewer:y\n');
  expect(dropUser(before, 'an')).toBeNull();
});

test.each(['', 'a:b', 'a b', '-ann', 'a\nb', '\u001b[31mann', 'a'.repeat(65)])('%j is no name', (name) => {
  expect(faultOfUserName(name)).not.toBeNull();
});
