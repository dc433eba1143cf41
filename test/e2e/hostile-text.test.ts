/** A world whose names, tags, outputs and ledger are written by an attacker who wants the operator's terminal. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AccountId, InstanceId } from '@muster/core/organization/ids';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ESC = '\u001b';
const CSI = '\u009b';
/** Clears the screen, sets the window's title, writes the clipboard, reads backwards, hides, breaks the line. */
const NASTY = `${ESC}[2J${ESC}]0;owned\u0007${ESC}]52;c;cm0=\u0007${CSI}31m\u202edoorp\u2066\u200b\ufeff\u2028\u2029\u007f\b\r\u0000\u{e0041}\u061c\ud800`;
/** What is allowed: line feeds, tabs, and the line ends of CSV. Written apart from the product's own rule. */
const UNSAFE = new RegExp(
  String.raw`(?!\r\n)[\u{0}-\u{8}\u{b}-\u{1f}\u{7f}-\u{9f}\u{ad}\u{61c}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{fff9}-\u{fffb}\u{e0000}-\u{e007f}]|\p{Cs}`,
  'u',
);
/** As a file or an argument can hold it. */
const NASTY_ARGUMENT = NASTY.replaceAll(/\0/g, '').replaceAll('\ud800', '');

const DENIED = AccountId.parse('222222222222');
const OPEN = AccountId.parse('333333333333');
const FAILING = InstanceId.parse('i-0123456789abcdef0');
const BROKEN = InstanceId.parse('i-0123456789abcdef1');

let system: MusterSystem;

beforeAll(async () => {
  const named = (id: string): string => `${NASTY}${id}`.slice(0, 50);
  system = await startSystem({
    world: {
      world: {
        name: 'hostile text',
        accounts: [
          { id: '111111111111', name: named('management') },
          { id: DENIED, name: named('denied'), role: 'denied', ouPath: `${NASTY}unit` },
          {
            id: OPEN,
            name: named('open'),
            ouPath: `${NASTY}unit`,
            tags: { [`${NASTY}key`]: NASTY },
            instances: [
              {
                id: FAILING,
                region: 'us-east-1',
                tags: { env: 'prod', [`${NASTY}tag`]: NASTY },
                outcome: { kind: 'exits', exitCode: 7, stdout: `before\n${NASTY}`, stderr: NASTY },
              },
              { id: BROKEN, region: 'us-east-1', tags: { env: 'prod', Name: NASTY } },
            ],
          },
        ],
        matchTags: { env: 'prod' },
      },
    },
    config: { muster: { rollout: { waves: [{ name: 'first', accounts: [OPEN] }] } } },
  });
  await system.settled();
  // Nothing that runs may put right what is forged.
  await system.stop();
  await forgeLedger();
});
afterAll(() => system.close());

/** Of a writer with a Redis client: records, coverage, findings, pauses, accounts and reports say what their writer likes. */
async function forgeLedger(): Promise<void> {
  const target = { accountId: OPEN, region: 'us-east-1' };
  const stored = (await system.ledger.enrollments.readAll(target as never)).get(FAILING);
  if (stored?.value.state !== 'failed') throw new Error('the host was meant to fail');
  const attempts = stored.value.attempts.map((attempt) => ({ ...attempt, output: `forged ${NASTY}` }));
  await system.ledger.enrollments.write(
    target as never,
    'each',
    [{ instanceId: FAILING, expected: stored.version, value: { ...stored.value, attempts } }],
    [],
  );
  await system.redisCall('HSET', `{test}:${OPEN}.us-east-1:instances`, BROKEN, `1|${NASTY}|${NASTY}|0|0|{}`);
  const message = `line\nVerdict  pass ${NASTY}`;
  const finding = { kind: 'two-live-commands', scope: `${NASTY}scope`, sinceMs: 1, message, remedy: NASTY };
  await system.redisCall('HSET', '{test}:findings', `x|${NASTY}`, JSON.stringify(finding));
  await system.redisCall(
    'HSET',
    '{test}:findings',
    'forged-kind',
    JSON.stringify({ ...finding, kind: NASTY }),
  );
  const coverage = await system.redisCall('HGET', '{test}:coverage', `${OPEN}.us-east-1`);
  const forged = { ...(JSON.parse(String(coverage)) as object), status: 'failed', detail: `a\nb ${NASTY}` };
  await system.redisCall('HSET', '{test}:coverage', `${OPEN}.us-east-1`, JSON.stringify(forged));
  await system.redisCall('HSET', `{test}:${OPEN}.us-east-1:counts`, `c:${NASTY}`, '3', `s:${NASTY}`, '2');
  const entry = String(await system.redisCall('HGET', '{test}:output-hosts', FAILING));
  const [cause = '', id = ''] = (entry.split('|')[0] ?? '').split('/');
  if (id === '') throw new Error('the host’s output was meant to be told by its line');
  const template = { id, text: `line\nVerdict  pass ${NASTY}`, by: OPEN };
  await system.redisCall('HSET', '{test}:output-templates', cause, JSON.stringify({ templates: [template] }));
  const size = { hosts: 1, accounts: 1, grow: 0.1 };
  for (const subject of ['wave:first', `change:${NASTY}`]) {
    const request = { subject, ...size, detail: message, basis: NASTY, sinceMs: 1 };
    await system.redisCall('HSET', '{test}:approval-requests', subject, JSON.stringify(request));
  }
  const ramp = { kind: 'retry', subject: message, beganAtMs: 1, stoppedAtMs: 2 };
  await system.redisCall('HSET', '{test}:ramps', `t:${NASTY}`, JSON.stringify(ramp));
  await system.redisCall('HSET', `{test}:ramp:t:${NASTY}`, 'step', '1', 'size', '5', 'taken', '1');
  await system.redisCall('HSET', '{test}:rollout-waves', 'first', NASTY);
  await system.redisCall('HSET', '{test}:aws-calls', `ok:${NASTY}`, '3', `throttled:${NASTY}`, '2');
}

test('what is escaped is there, and in JSON it has its value', async () => {
  const explained = await system.cli('explain', '--json', FAILING);
  const shown = await system.cli('explain', FAILING);

  const { attempts } = JSON.parse(explained.stdout) as { attempts: readonly { output: string }[] };
  expect(attempts[0]?.output).toContain('\u202edoorp');
  expect(explained.stdout).toContain(String.raw`\u202edoorp`);
  expect(shown.stdout).toContain(String.raw`\u202edoorp`);
});

test('a foreign text makes up no line of its own', async () => {
  for (const [verb, shown] of [
    ['status', String.raw`line\nVerdict  pass`],
    ['findings', String.raw`line\nVerdict  pass`],
    ['coverage', String.raw`a\nb`],
    ['approve', String.raw`line\nVerdict  pass`],
  ] as const) {
    const { stdout } = await system.cli(verb);

    expect(stdout).toContain(shown);
    expect(stdout).not.toMatch(/^(Verdict {2}pass|b )/m);
  }
});

const VERBS: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--json'],
  ['coverage'],
  ['coverage', '--json'],
  ['findings'],
  ['findings', '--json'],
  ['instances'],
  ['instances', '--json'],
  ['instances', '--state', NASTY],
  ['instances', '--cause', NASTY],
  ['explain', FAILING],
  ['explain', '--json', FAILING],
  ['explain', BROKEN],
  ['explain', NASTY],
  ['plan'],
  ['plan', '--json'],
  ['plan', '--csv'],
  ['doctor'],
  ['doctor', '--json'],
  ['doctor', '--missing-roles', `/no/such/${NASTY_ARGUMENT}`],
  ['config', 'check'],
  ['config', 'check', `/no/such/${NASTY_ARGUMENT}`],
  ['pause', '--account', OPEN, '--reason', NASTY],
  ['pause', '--region', NASTY],
  ['status'],
  ['resume', '--account', OPEN],
  ['retry', '--cause', NASTY],
  ['retry', '--instance', FAILING],
  ['cancel', '--account', OPEN],
  ['waves'],
  ['waves', '--json'],
  ['approve'],
  ['approve', NASTY],
  ['sweep', '--account', OPEN],
  ['token'],
  ['init', '--dir', `/no/such/${NASTY_ARGUMENT}`, '--organization', NASTY, '--proxy', NASTY],
  ['run', '--once', '--json'],
  [NASTY],
  ['status', `--${NASTY}`],
].map((args) => args.map((arg) => arg.replaceAll('\0', '')));

test('scheduler and worker go on with it', async () => {
  system.start('scheduler');
  system.start('worker');

  expect((await system.settled()).sweep.accounts.total).toBe(3);
});

test.each(VERBS.map((args) => [terminalLine(args.join(' ')).slice(0, 60), args] as const))(
  'muster %s sends nothing to the terminal that could steer it',
  async (_line, args) => {
    const { code, stdout, stderr } = await system.cli(...args);

    expect(code).not.toBeNull();
    expect(`${stdout}${stderr}`).not.toBe('');
    expect(stdout.match(UNSAFE)).toBeNull();
    expect(stderr.match(UNSAFE)).toBeNull();
    const documents = args.includes('--json') && code !== 64 ? stdout.trimEnd().split('\n') : [];
    expect(() => documents.map((line) => JSON.parse(line) as unknown)).not.toThrow();
  },
);

test('faults of a configuration show what stands there without sending it', async () => {
  const file = join(system.folder, 'odd.yaml');
  writeFileSync(file, `version: v3\n"${NASTY_ARGUMENT}": 1\nmuster: {"\u202eredis": {}}\n`);

  const { code, stdout, stderr } = await runProgram([MUSTER_ENTRY, 'config', 'check', file], {
    env: system.env,
  });

  expect(code).toBe(78);
  expect(`${stdout}${stderr}`.match(UNSAFE)).toBeNull();
});

test('the logs of scheduler and worker hold nothing of it either', () => {
  const logs = system.processes.map((process) => process.log());

  expect(logs.join('').length).toBeGreaterThan(1_000);
  for (const log of logs) expect(log.match(UNSAFE)).toBeNull();
});
