import { anAccountId, NOW_MS } from '@muster/testing/builders';
import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccountId, Region } from '../../organization/ids.ts';
import { assemblePlan, MANAGED_NODES_QUOTA, type Plan, type PlanParts } from './assemble.ts';
import { planCsv } from './csv.ts';
import { NO_INSTANCES, type AccountReading, type OrganizationReading, TargetReading } from './plan-part.ts';

function organization(facts: Partial<OrganizationReading> = {}): OrganizationReading {
  return {
    worker: 'host',
    matcherKeys: [],
    inventory: { state: 'read', nodes: 1, detail: '' },
    accounts: 1,
    error: null,
    cleanUp: null,
    ...facts,
  };
}

function account(n: number, facts: Partial<AccountReading> = {}): AccountReading {
  return {
    accountId: anAccountId(n),
    name: `account ${n}`,
    state: 'ACTIVE',
    units: ['r-ab12'],
    status: 'complete',
    cause: null,
    detail: '',
    regions: [],
    roles: 1,
    regionCalls: 1,
    ...facts,
  };
}

function target(accountId: AccountId, region: string, facts: Partial<TargetReading> = {}): TargetReading {
  return {
    target: { accountId, region: region as Region },
    status: 'complete',
    cause: null,
    detail: '',
    counts: NO_INSTANCES,
    ineligibleByCause: {},
    hostManagement: null,
    listed: [0],
    managed: null,
    judged: 0,
    ready: 0,
    batches: [],
    ...facts,
  };
}

function plan(parts: Partial<PlanParts>): Plan {
  const nothing = { calls: {}, total: 0, seconds: 0 };
  return assemblePlan(
    { organization: organization(), accounts: [], targets: [], unanswered: [], ...parts },
    {
      startedAtMs: NOW_MS,
      finishedAtMs: NOW_MS,
      ranBy: 'local',
      estimate: { sweep: nothing, firstRun: nothing },
      warnings: [],
    },
  );
}

const A = anAccountId(0);
const B = anAccountId(1);

test('counts add up from targets to accounts, units and the whole', () => {
  const made = plan({
    accounts: [account(1, { units: ['r-ab12', 'ou-1'] }), account(0)],
    targets: [
      target(A, 'eu-west-1', {
        counts: { ...NO_INSTANCES, install: 3, ineligible: 2, joined: 1 },
        ineligibleByCause: { 'ec2-no-instance-profile': 2 },
        judged: 5,
        ready: 3,
      }),
      target(A, 'ap-east-1', { counts: { ...NO_INSTANCES, install: 1, stopped: 4 }, judged: 1, ready: 1 }),
      target(B, 'eu-west-1', { counts: { ...NO_INSTANCES, retryLater: 7 } }),
    ],
  });

  expect(made.verdict).toBe('complete');
  expect(made.totals.counts).toMatchObject({
    install: 4,
    ineligible: 2,
    joined: 1,
    stopped: 4,
    retryLater: 7,
  });
  expect(made.totals.ineligibleByCause).toEqual({ 'ec2-no-instance-profile': 2 });
  expect(made.totals.ssm).toEqual({ judged: 6, ready: 4 });
  expect(made.accounts.map(({ accountId, counts }) => [accountId, counts.install])).toEqual([
    [A, 4],
    [B, 0],
  ]);
  expect(made.accounts[0]?.targets.map(({ region }) => region)).toEqual(['ap-east-1', 'eu-west-1']);
  expect(made.units.map(({ path, counts }) => [path, counts.install, counts.retryLater])).toEqual([
    ['r-ab12', 4, 0],
    ['r-ab12/ou-1', 0, 7],
  ]);
});

describe('what was not read', () => {
  const denied = { status: 'denied', cause: 'ec2-perm-account-denied', detail: 'no role' } as const;

  test('is listed with its remedy and makes the plan partial', () => {
    const made = plan({
      accounts: [account(0), account(1, denied)],
      targets: [
        target(A, 'eu-west-1'),
        target(A, 'us-east-1', { status: 'throttled', cause: 'aws-throttled', detail: 'slow' }),
      ],
      unanswered: [`target:${A}.ap-east-1`, `account:${anAccountId(9)}`],
    });

    expect(made.verdict).toBe('partial');
    expect(made.unread.map(({ accountId, region, status }) => [accountId, region, status])).toEqual([
      [A, 'us-east-1', 'throttled'],
      [B, '*', 'denied'],
      [A, 'ap-east-1', 'pending'],
      [anAccountId(9), '*', 'pending'],
    ]);
    expect(made.unread[1]?.remedy).toContain('ssm:SendCommand');
    expect(made.units[0]?.unread).toBe(2);
  });

  test('is everything when nothing was read: failed', () => {
    expect(plan({ accounts: [account(0, denied)] }).verdict).toBe('failed');
    expect(plan({ organization: organization({ error: 'no' }) })).toMatchObject({
      verdict: 'failed',
      error: 'no',
    });
  });

  test('a region that is off and an account out of use leave nothing unknown', () => {
    const made = plan({
      accounts: [account(0), account(1, { status: 'notActive', state: 'SUSPENDED' })],
      targets: [target(A, 'ap-east-1', { status: 'regionOff', cause: 'region-off' })],
    });

    expect(made).toMatchObject({ verdict: 'complete', unread: [] });
  });

  test('an organization without anything to read is complete', () => {
    expect(plan({ accounts: [account(0)] }).verdict).toBe('complete');
  });
});

describe('warnings', () => {
  test.each(['none', 'unreadable'] as const)('with an inventory that is %s, joined is unknown', (state) => {
    const inventory = { state, nodes: 0, detail: 'denied' };
    const made = plan({
      organization: organization({ inventory }),
      accounts: [account(0)],
      targets: [target(A, 'x')],
    });

    expect(made.totals.counts.joined).toBeNull();
    expect(made.accounts[0]?.counts.joined).toBeNull();
    expect(made.warnings).toHaveLength(1);
  });

  test('what Default Host Management would win is summed up, apart from where it is on and where it is not known', () => {
    const causes = { 'ec2-no-instance-profile': 3, 'ec2-ssm-agent-not-registered': 2, 'ec2-too-young': 7 };
    const targets = [
      target(A, 'eu-west-1', { hostManagement: 'off', ineligibleByCause: causes }),
      target(A, 'eu-west-2', { hostManagement: 'off', ineligibleByCause: causes }),
      target(A, 'us-east-1', { hostManagement: 'on', ineligibleByCause: causes }),
      target(A, 'us-east-2', { hostManagement: 'unknown', ineligibleByCause: causes }),
      target(A, 'us-west-2', { ineligibleByCause: { 'ec2-too-young': 7 } }),
    ];

    const { totals, accounts } = plan({ accounts: [account(0)], targets });

    expect(totals.hostManagement).toEqual({
      on: { targets: 1, hosts: 5, withoutProfile: 3 },
      off: { targets: 2, hosts: 10, withoutProfile: 6 },
      unknown: { targets: 1, hosts: 5, withoutProfile: 3 },
    });
    expect(accounts[0]?.targets.map(({ hostManagement }) => hostManagement)).toEqual([
      'off',
      'off',
      'on',
      'unknown',
      null,
    ]);
  });

  test('the answer of a worker that knows nothing of it is read', () => {
    const { hostManagement: _, ...older } = target(A, 'eu-west-1');

    expect(TargetReading.parse(older).hostManagement).toBeNull();
  });

  test('a target beyond the quota of managed nodes is named', () => {
    const targets = [
      target(A, 'eu-west-1', { managed: MANAGED_NODES_QUOTA }),
      target(A, 'us-east-1', { counts: { ...NO_INSTANCES, install: MANAGED_NODES_QUOTA + 1 } }),
    ];

    expect(plan({ accounts: [account(0)], targets }).warnings).toMatchObject([
      { kind: 'managed-nodes-quota', scope: `${A}/us-east-1` },
    ]);
  });
});

describe('as CSV', () => {
  const rows = (made: Plan): readonly string[] => planCsv(made).trimEnd().split('\r\n');

  test('there is a row per target, and one for an account without any', () => {
    const [head, first, second] = rows(
      plan({
        accounts: [
          account(0),
          account(1, { status: 'denied', cause: 'ec2-perm-account-denied', detail: 'x' }),
        ],
        targets: [
          target(A, 'eu-west-1', {
            counts: { ...NO_INSTANCES, install: 2, ineligible: 1 },
            ineligibleByCause: { 'ec2-too-young': 1 },
          }),
        ],
      }),
    );

    expect(head?.split(',')).toHaveLength(17);
    expect(first).toBe(
      `"${A}","account 0","r-ab12","ACTIVE","eu-west-1","complete","","2","0","1","0","0","0","0","0","ec2-too-young=1",""`,
    );
    expect(second).toBe(
      `"${B}","account 1","r-ab12","ACTIVE","*","denied","ec2-perm-account-denied",${'"",'.repeat(9)}"x"`,
    );
  });

  test.each([
    ['plain', 'plain'],
    ['a,b', 'a,b'],
    ['say "x"', 'say ""x""'],
    ['two\nlines', 'two lines'],
    ['two\r\n\tlines', 'two lines'],
    ['=cmd()', "'=cmd()"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=cmd()', "' =cmd()"],
    ['\r=cmd()', "' =cmd()"],
    ['  =cmd()', "'  =cmd()"],
    ['\u00a0\ufeff\u200b=cmd()', "'\u00a0\ufeff\u200b=cmd()"],
    ['＝cmd()', "'＝cmd()"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠x', "'＠x"],
    ['a;=cmd()', "a;'=cmd()"],
    ['a,=cmd()', "a,'=cmd()"],
    ['a; \t+1', "a;'  +1"],
    ['a"=cmd()', `a""'=cmd()`],
    ['a","=cmd()', `a"",""'=cmd()`],
    ['x\n=cmd()', 'x =cmd()'],
    ['a=b', 'a=b'],
    ['team-a', 'team-a'],
    ['me@example.com', 'me@example.com'],
  ])('the name %j is written as %j, quoted', (name, cell) => {
    expect(planCsv(plan({ accounts: [account(0, { name })] }))).toContain(`"${A}","${cell}","`);
  });

  test('no cell of any text begins a formula, however it is cut into cells', () => {
    const piece = constantFrom(
      '=',
      '+',
      '-',
      '@',
      '＝',
      ' ',
      '\t',
      '\r',
      '\n',
      ';',
      ',',
      '|',
      '"',
      'a',
      '\u200b',
    );
    assert(
      property(array(piece, { maxLength: 12 }), (pieces) => {
        const [, row = ''] = rows(plan({ accounts: [account(0, { name: pieces.join('') })] }));

        expect(row.split(/[;,|"]/).filter((cell) => /^[\s\u200b]*[=+\-@＝]/.test(cell))).toEqual([]);
        expect(row.match(/"(?:[^"]|"")*"/g)).toHaveLength(17);
      }),
    );
  });
});
