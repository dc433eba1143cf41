import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { ScopeText } from '@muster/core/control/scope';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

interface InstanceLine {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: string;
  readonly cause: string | null;
}

let system: MusterSystem;

beforeAll(async () => {
  system = await startSystem({
    world: { accounts: 6, regions: 2, instances: 200, seed: 4, scenario: 'realistic' },
    workers: 2,
  });
  await system.judged();
});
afterAll(() => system.close());

async function instances(...filters: string[]): Promise<readonly InstanceLine[]> {
  const { code, stdout } = await system.cli('instances', '--json', ...filters);
  expect(code).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as InstanceLine);
}

test('instances lists every instance, and the filters agree with the status', async () => {
  const all = await instances();
  const { total, byState, byCause } = (await system.status()).instances;

  expect(all).toHaveLength(total);
  for (const [state, count] of Object.entries(byState)) {
    expect(await instances('--state', state)).toHaveLength(count);
  }
  for (const [cause, count] of Object.entries(byCause)) {
    expect(await instances('--cause', cause)).toHaveLength(count);
  }
  const { accountId = '', region = '' } = all[0] ?? {};
  const here = all.filter((one) => one.accountId === accountId && one.region === region);
  expect(await instances('--account', accountId, '--region', region)).toEqual(here);
});

test('events tell, from the first to the last, what instances lists', async () => {
  await eventually('the events and the list say the same', async () => {
    const { code, stdout } = await system.cli('events');
    expect(code).toBe(0);
    const states = new Map<string, string>();
    for (const line of stdout.trimEnd().split('\n')) {
      const { instances: changed } = JSON.parse(line) as { instances: readonly (string | null)[][] };
      for (const [id, , state] of changed) {
        if (state === null) states.delete(id ?? '');
        else states.set(id ?? '', state ?? '');
      }
    }
    const listed = await instances();
    expect(states).toEqual(new Map(listed.map(({ instanceId, state }) => [instanceId, state])));
    return true;
  });
  expect((await system.cli('events', '--since', 'yesterday')).code).toBe(64);
});

test('status --json is one line that says what the ledger says', async () => {
  // A sweep may begin between the two looks; then both look again.
  await eventually('the command and the ledger say the same', async () => {
    const { code, stdout } = await system.cli('status', '--json');
    const { sweep, instances } = await system.status();

    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ sweep, instances });
    return true;
  });
});

test('what could not be read stands in findings, status and the sum, with who must act', async () => {
  // A target may be read between two looks at the ledger; then all look again.
  await eventually('the commands and the ledger say the same', async () => {
    const { sweep } = await system.status();
    const findings = (await system.cli('findings', '--json')).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { kind: string; owner: string; count: number; remedy: string });
    const { stdout } = await system.cli('status');

    const denied = findings.find(({ kind }) => kind === 'accounts-not-read');
    expect(sweep.notRead.accounts).toBeGreaterThan(0);
    expect(denied).toMatchObject({ owner: 'aws-admin', count: sweep.notRead.accounts });
    expect(denied?.remedy).toContain('muster doctor --missing-roles');
    expect(findings.every(({ owner }) => owner !== '')).toBe(true);
    const unread = sweep.notRead.accounts + sweep.notRead.targets;
    expect(stdout).toContain(` in ${sweep.targets.total - unread} of ${sweep.targets.total} targets read: `);
    expect(stdout).toContain('accounts-not-read');
    return true;
  });
});

test.each([
  ['pause', '--account', '123456789012'],
  ['resume', '--region', 'ap-southeast-9'],
  ['retry', '--cause', 'host-disk-ful'],
  ['cancel', '--instance', 'i-00000000deadbeef0'],
])('%s refuses a scope that is not there: %s %s', async (verb, option, value) => {
  const { code, stdout, stderr } = await system.cli(verb, option, value);

  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(`${option} ${value}: `);
  expect(await system.ledger.control.pauses()).toEqual([]);
});

test('a refusal names the nearest that is there, and a pause of what has vanished can be ended', async () => {
  const accountId = (await instances())[0]?.accountId ?? '';
  const slip = `${accountId.slice(0, -1)}${(Number(accountId.at(-1)) + 1) % 10}`;
  const scope = 'account:123456789012' as ScopeText;
  await system.ledger.control.pause({ scope, atMs: Date.now(), by: 'operator', reason: '' });

  const refused = await system.cli('pause', '--account', slip);
  const cause = await system.cli('retry', '--cause', 'host-disk-ful');
  const resumed = await system.cli('resume', '--account', '123456789012');

  expect(refused.stderr).toContain(`did you mean ${accountId}?`);
  expect(cause.stderr).toContain('did you mean host-disk-full?');
  expect(resumed).toMatchObject({ code: 0, stdout: `resumed ${scope}\n` });
});

test('explain says of a host without a record what it is', async () => {
  const known = new Set((await instances()).map(({ instanceId }) => instanceId));
  const read = new Set(
    (await system.ledger.coverage.all())
      .filter(({ coverage }) => coverage.status === 'complete')
      .map(({ id }) => id),
  );
  const others = (await listHosts(system)).filter(
    ({ id, account, region, state }) =>
      !known.has(id) && state !== 'terminated' && read.has(`${account}.${region}`),
  );
  expect(others.length).toBeGreaterThan(0);

  const states = new Set<string>();
  for (const { id } of others.slice(0, 12)) {
    const { code, stdout } = await system.cli('explain', id, '--json');
    expect({ id, code }).toEqual({ id, code: 0 });
    const explained = JSON.parse(stdout) as {
      state: string;
      waitsFor: string;
      targetLastRead: string | null;
    };
    states.add(explained.state);
    expect(explained.waitsFor).not.toBe('');
    expect(explained.targetLastRead).not.toBeNull();
  }
  expect(
    [...states].every((state) => ['opted-out', 'unmatched', 'stopped', 'starting'].includes(state)),
  ).toBe(true);
});

test('sweep --wait reads everything again, finds what is new, and tells the verdict', async () => {
  const before = await system.status();
  const known = (await instances()).find((one) => one.state === 'joined');
  await system.aws.change({ op: 'terminate-instance', instanceId: known?.instanceId ?? '' });
  const launched = { region: known?.region ?? '', count: 3, ssm: { registersAfterMs: 0 } };
  await system.aws.change({ op: 'launch-instances', accountId: known?.accountId ?? '', instance: launched });
  // A host that is still pending has no matcher yet, and is no part of what a sweep finds.
  await eventually('they run', async () =>
    (await listHosts(system)).every(({ state }) => state !== 'pending'),
  );

  const { code } = await system.cli('sweep', '--wait');

  expect(code).toBe(before.sweep.verdict === 'complete' ? 0 : 2);
  const after = await system.status();
  expect(after.sweep.id).not.toBe(before.sweep.id);
  expect(after.instances.total).toBe(before.instances.total + 3);
  expect(after.instances.byState['gone']).toBe(1);
  await eventually('the new ones have joined', async () => {
    const joined = (await system.status()).instances.byState['joined'] ?? 0;
    return joined === (before.instances.byState['joined'] ?? 0) + 2;
  });
});

test('sweep of one account enters it again once its role is mended, and --wait waits for that', async () => {
  const denied = (await system.ledger.coverage.all()).find(({ id }) => id.endsWith('.*'));
  const accountId = denied?.id.slice(0, 12) ?? '';
  const refused = await system.cli('sweep', '--account', accountId, '--wait');
  expect(refused).toMatchObject({ code: 1, stderr: '' });
  expect(refused.stdout).toBe(
    '0 targets and 1 account that could not be entered are due now\nfailed: 1 account could not be read (muster coverage says why)\n',
  );

  await system.aws.change({ op: 'set-role', accountId, role: 'ok' });
  // For a few seconds a refusal answers for those who ask again.
  await eventually(
    'the account is read',
    async () => (await system.cli('sweep', '--account', accountId, '--wait')).code === 0,
  );

  expect((await system.status()).sweep.accounts.denied).toBe(0);
  await eventually('its instances are enrolled', async () => {
    const own = await instances('--account', accountId, '--state', 'joined');
    return own.length > 0;
  });
});

test('sweep of an unknown account says so', async () => {
  const { code, stderr } = await system.cli('sweep', '--account', '123456789012');

  expect(code).toBe(64);
  expect(stderr).toContain('no active account of that id');
});

test('an act says first whom it touches, and a dry run does nothing', async () => {
  const { byState } = (await system.status()).instances;
  const told = `This touches ${(byState['failed'] ?? 0) + (byState['ineligible'] ?? 0)} hosts in `;

  const dry = await system.cli('retry', '--all', '--dry-run');
  const json = await system.cli('pause', '--all', '--dry-run', '--json');
  const done = await system.cli('pause', '--region', (await instances())[0]?.region ?? '', '--json');
  const resume = await system.cli('resume', '--region', (await instances())[0]?.region ?? '');

  expect(dry).toMatchObject({ code: 0, stderr: '' });
  expect(dry.stdout).toContain(told);
  expect(json.code).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({ act: 'pause', scope: 'all', dryRun: true, done: false });
  expect(JSON.parse(done.stdout)).toMatchObject({ act: 'pause', dryRun: false, done: true });
  // What it ends is told before it is ended, and the dry runs have left nothing.
  expect(resume.stderr).toMatch(
    /^This touches .*\nIt ends the pause of region \S+ by an operator: by an operator\.\n$/,
  );
  expect(await system.ledger.control.pauses()).toEqual([]);
});

test('retry sends to what has failed at once', async () => {
  const [failed] = await instances('--state', 'failed');
  const installs = async (): Promise<number> =>
    (await listHosts(system)).find((host) => host.id === failed?.instanceId)?.installs ?? 0;
  const before = await installs();

  const { code } = await system.cli('retry', '--instance', failed?.instanceId ?? '');

  expect(code).toBe(0);
  await eventually('it was sent to again', async () => (await installs()) === before + 1);
});

test('resume takes away the notes of its scope, and all of them with --all', async () => {
  const note = { sinceMs: 1, message: 'a note', remedy: 'look' };
  const scopes = ['instance:i-0123456789abcdef0', 'instance:i-0123456789abcdef1'] as const;
  for (const scope of scopes) {
    await system.ledger.control.raise({ ...note, kind: 'two-live-commands', scope });
  }
  const noted = async (): Promise<readonly string[]> =>
    (await system.ledger.control.findings()).map(({ scope }) => scope).toSorted();

  expect((await system.cli('resume', '--instance', 'i-0123456789abcdef0')).code).toBe(0);
  expect(await noted()).toEqual([scopes[1]]);

  expect((await system.cli('resume', '--all')).code).toBe(0);
  expect(await noted()).toEqual([]);
});

test.each([
  ['instances', '--state', 'broken'],
  ['instances', '--cause', 'toString'],
  ['retry', '--cause', 'toString'],
  ['run', '--json'],
])('%s %s %s is a slip, not an answer', async (...args) => {
  const { code, stdout, stderr } = await system.cli(...args);

  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(args.at(1));
});

test.each([
  ['| true', 0, ''],
  ['> /dev/full', 1, 'muster: the output cannot be written: ENOSPC: no space left on device, write\n'],
])('instances %s ends in order', async (redirection, code, stderr) => {
  const script = `set -o pipefail; "$NODE" "$MUSTER" instances --json ${redirection}`;
  const env = { ...system.env, NODE: process.execPath, MUSTER: MUSTER_ENTRY };
  const child = spawn('bash', ['-c', script], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [ended]] = await Promise.all([text(child.stderr), once(child, 'exit')]);

  expect({ code: ended as number, stderr: said }).toEqual({ code, stderr });
});

test('cancel by cause is refused: a live command has none yet', async () => {
  const { code, stderr } = await system.cli('cancel', '--cause', 'host-no-curl');

  expect(code).toBe(64);
  expect(stderr).toContain('--account');
});
