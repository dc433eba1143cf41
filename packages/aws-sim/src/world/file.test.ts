import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildWorld } from './build.ts';
import { parseWorld, readWorldFile, WorldFileError } from './file.ts';
import { worldJsonSchema } from './json-schema.ts';

const WORLDS = new URL('../../worlds/', import.meta.url);

function faultsOf(text: string): readonly string[] {
  try {
    parseWorld(text, 'world.yaml');
  } catch (error) {
    if (error instanceof WorldFileError) return error.faults;
    throw error;
  }
  return [];
}

describe('a world file', () => {
  test('is read from YAML, with defaults for everything but its name and accounts', () => {
    const file = parseWorld(
      'name: small\naccounts: [{ instances: [{ region: eu-west-1, count: 3 }] }]',
      'w.yaml',
    );

    const world = buildWorld(file, {}, 0);

    const [account] = world.accounts;
    expect(world.regions).toEqual(['eu-west-1']);
    expect(account === undefined ? 0 : world.fleet.slots(account, 'eu-west-1')).toBe(3);
    expect(world.access.principalAccountId).toBe(account?.id);
  });

  test('with many faults has all of them named, with path and line', () => {
    const faults = faultsOf(`name: bad
accounts:
  - id: '12'
    colour: red
    instances:
      - region: us-east-1
        state: asleep
faults:
  - kind: explode
    apis: [ssm]
timeline:
  - afterMs: 5
    changes: [{ op: stop-instance, instanceId: i-1 }]
`);

    expect(faults).toHaveLength(6);
    expect(faults.join('\n')).toMatch(
      /^timeline\.0\.changes\.0\.instanceId: there is no instance i-1 by then \(line 13\)$/mu,
    );
    expect(faults.join('\n')).toMatch(/^accounts\.0\.id: must be 12 digits \(line 3\)$/mu);
    expect(faults.join('\n')).toMatch(/^accounts\.0: Unrecognized key: "colour" \(line 3\)$/mu);
    expect(faults.join('\n')).toMatch(/^accounts\.0\.instances\.0\.state: .* \(line 7\)$/mu);
    expect(faults.join('\n')).toMatch(/^faults\.0\.kind: .* \(line 9\)$/mu);
    expect(faults.join('\n')).toMatch(/^faults\.0\.apis\.0: must be .* \(line 10\)$/mu);
  });

  test.each([
    ['is not YAML', 'name: [', /./u],
    ['has no accounts', 'name: x', /^accounts: a world needs at least one/u],
    [
      'has an id twice',
      "name: x\naccounts: [{ id: '100000000001' }, { id: '100000000001' }]",
      /is used by accounts\.0\.id already/u,
    ],
    [
      'has a fault of an operation that is not there',
      'name: x\naccounts: [{}]\nfaults: [{ kind: throttle, apis: [ssm:SendComand] }]',
      /^faults\.0\.apis\.0: ssm:SendComand is not simulated; there are .*ssm:SendCommand.* \(line 3\)$/u,
    ],
    [
      'limits a service that is not there',
      "name: x\naccounts: [{}]\nlimits: { 's3:*': null }",
      /^limits\.s3:\*: there is no service s3; there are sts, /u,
    ],
    [
      'closes a window before it opens',
      "name: x\naccounts: [{}]\nfaults: [{ kind: slow, apis: ['*'], fromMs: 10, untilMs: 5 }]",
      /^faults\.0\.untilMs: must be later than fromMs \(line 3\)$/u,
    ],
    [
      'has a principal from elsewhere',
      "name: x\naccounts: [{}]\naccess: { principalAccountId: '100000000009' }",
      /^access\.principalAccountId: there is no account 100000000009 \(line 3\)$/u,
    ],
    [
      'tags an account 51 times',
      `name: x\naccounts: [{ tags: {${Array.from({ length: 51 }, (_, i) => ` k${i}: v`).join()} } }]`,
      /^accounts\.0\.tags: an account has at most 50 tags/u,
    ],
    [
      'counts a named instance',
      'name: x\naccounts: [{ instances: [{ id: i-00000001, region: r, count: 2 }] }]',
      /count: not together with id/u,
    ],
  ])('that %s is refused', (_name, text, message) => {
    expect(faultsOf(text)[0]).toMatch(message);
  });

  test('that cannot be read says so, and so does one whose aliases multiply', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join()}]`,
    );

    expect(() => readWorldFile('/no/such/world.yaml')).toThrow(WorldFileError);
    expect(() => parseWorld(['l0: &l0 [x]', ...levels].join('\n'), 'w.yaml')).toThrow(WorldFileError);
  });

  test('that mixes generated and written accounts has both', () => {
    const file = parseWorld(
      'name: mix\ngenerate: { accounts: 3, regions: 2, instances: 10 }\naccounts: [{ name: extra }]',
      'w',
    );

    const world = buildWorld(file, {}, 0);

    expect(world.accounts.map((account) => account.name)).toEqual([
      'management',
      'account-00001',
      'account-00002',
      'extra',
    ]);
    expect(world.fleet.size()).toBe(10);
  });
});

describe('the worlds of the package', () => {
  const names = readdirSync(WORLDS).filter((name) => name.endsWith('.yaml'));

  test.each(names)('%s is valid and tells its story', (name) => {
    const file = readWorldFile(new URL(name, WORLDS).pathname);

    expect(file.name).toBe(name.replace('.yaml', ''));
    expect(file.story?.length).toBeGreaterThan(80);
    expect(buildWorld(file, {}, 0).accounts.length).toBeGreaterThan(0);
  });

  test('there are at least six', () => {
    expect(names.length).toBeGreaterThanOrEqual(6);
  });
});

test('the JSON Schema beside the package is the one of the code', () => {
  const written: unknown = JSON.parse(
    readFileSync(new URL('../../world.schema.json', import.meta.url), 'utf8'),
  );

  expect(
    written,
    'run: node packages/aws-sim/src/world/json-schema.ts > packages/aws-sim/world.schema.json',
  ).toEqual(worldJsonSchema());
});
