import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import {
  isAlive,
  MUSTER_ENTRY,
  runProgram,
  superviseProcess,
  type SupervisedProcess,
} from '@muster/testing/supervised-process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

/** No verb outlives the signal that asks it to end, whatever it waits for. */
let system: MusterSystem;
/** Accepts every connection and says nothing: a Redis, and an AWS, that hangs. */
let silent: Server;
let silentPort: number;
let connections = 0;

beforeAll(async () => {
  system = await startSystem({ schedulers: 0, workers: 0 });
  silent = createServer(() => (connections += 1)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  silentPort = (silent.address() as AddressInfo).port;
});
afterAll(async () => {
  await system.close();
  silent.close();
});
let ledgers = 0;
beforeEach(() => {
  // Each test begins with an empty ledger: what another has found and sent would end a run.
  ledgers += 1;
  system.configure({ muster: { redis: { prefix: `test-${ledgers}` } } });
});

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const WITHIN_MS = 5_000;
/** Where answers of Redis are waited for: Docker's patience. */
const PATIENT_MS = 10_000;

/** Verbs that look or act once, as they are called. They keep nothing that must be ended in order. */
const ONCE: Readonly<Record<string, readonly string[]>> = {
  plan: ['plan'],
  doctor: ['doctor'],
  sweep: ['sweep', '--wait'],
  status: ['status', '--watch'],
  instances: ['instances'],
  coverage: ['coverage'],
  findings: ['findings'],
  explain: ['explain', 'i-0123456789abcdef0'],
  pause: ['pause', '--all'],
  resume: ['resume', '--all'],
  retry: ['retry', '--all'],
  cancel: ['cancel', '--all'],
  token: ['token'],
  version: ['version'],
  waves: ['waves'],
  accounts: ['accounts'],
  audit: ['audit'],
  console: ['console', 'login'],
  'api-token': ['api-token', 'list'],
  events: ['events'],
  approve: ['approve'],
};
/** Verbs that run until a signal, and how they end on one. */
const LASTING: Readonly<Record<string, { readonly args: readonly string[]; readonly code: number }>> = {
  scheduler: { args: ['scheduler'], code: 0 },
  worker: { args: ['worker'], code: 0 },
  run: { args: ['run'], code: 0 },
  'run --once': { args: ['run', '--once', '--json'], code: 2 },
};
/** They read and write files, or their standard input to its end: they wait for no other process, and are over before a signal could come. */
const AT_ONCE = ['config', 'init', 'help', 'completion', 'user', 'mcp', 'notify'];

test('every verb of the command line is in these tables', async () => {
  const { stdout } = await system.cli('--help');
  const verbs = [...stdout.matchAll(/^ {2}([a-z][a-z-]*)(?: \[| <| {2})/gm)].map(([, verb = '']) => verb);

  const known = [...Object.keys(ONCE), 'scheduler', 'worker', 'run', ...AT_ONCE];
  expect(new Set(verbs)).toEqual(new Set(known));
});

let started = 0;

function start(args: readonly string[], env: NodeJS.ProcessEnv): SupervisedProcess {
  started += 1;
  const logFile = join(system.folder, `signals-${started}.log`);
  return superviseProcess({ name: args.join(' '), args, env: { ...system.env, ...env }, logFile });
}

/** How a process ends that is asked to. */
async function endOf(
  child: SupervisedProcess,
  signal: NodeJS.Signals,
  withinMs = WITHIN_MS,
): Promise<object> {
  const askedAtMs = Date.now();
  child.signal(signal);
  const end = await child.ended;
  return { ...end, isInTime: Date.now() - askedAtMs < withinMs };
}

describe.each(SIGNALS)('%s', (signal) => {
  test.each(Object.entries(ONCE))(
    'ends muster %s that waits for a Redis that says nothing',
    async (_, args) => {
      const before = connections;
      const child = start(args, { REDIS_URL: `redis://127.0.0.1:${silentPort}` });
      await eventually('it waits', () => connections > before || !child.isRunning());

      expect(await endOf(child, signal)).toEqual({ code: null, signal, isInTime: true });
    },
  );

  test.each(Object.entries(LASTING))(
    'ends muster %s that waits for a Redis that says nothing',
    async (_, { args, code }) => {
      const before = connections;
      const child = start(args, { REDIS_URL: `redis://127.0.0.1:${silentPort}` });
      await eventually('it waits', () => connections > before || !child.isRunning());

      expect(await endOf(child, signal)).toEqual({ code, signal: null, isInTime: true });
    },
  );

  test.each(Object.entries(LASTING))('ends muster %s that is at work', async (_, { args, code }) => {
    const child = start(args, {});
    await eventually('it is at work', () => child.log().includes(' started"'));

    expect(await endOf(child, signal)).toEqual({ code, signal: null, isInTime: true });
  });

  test('ends muster run --once whose Redis stops answering', async () => {
    const child = start(['run', '--once', '--json'], {});
    await eventually('it is at work', () => child.log().includes(' started"'));
    process.kill(system.redis().pid, 'SIGSTOP');

    try {
      expect(await endOf(child, signal, PATIENT_MS)).toEqual({ code: 2, signal: null, isInTime: true });
    } finally {
      process.kill(system.redis().pid, 'SIGCONT');
    }
  });

  test.each([['doctor'], ['plan']])(
    'ends muster %s --local that waits for an AWS that says nothing',
    async (verb) => {
      const before = connections;
      const child = start([verb, '--local'], { AWS_ENDPOINT_URL: `http://127.0.0.1:${silentPort}` });
      await eventually('it waits', () => connections > before || !child.isRunning());

      expect(await endOf(child, signal)).toEqual({ code: null, signal, isInTime: true });
    },
  );

  test('ends a sweep that waits for workers that do not come', async () => {
    const child = start(['sweep', '--wait'], {});
    await eventually('it waits', () => child.log().includes('no account is known yet'));

    expect(await endOf(child, signal)).toEqual({ code: null, signal, isInTime: true });
  });
});

/** Whether this machine lets a test make a first process. */
const canUnshare = spawnSync('unshare', ['-Urfp', 'true']).status === 0;

test.runIf(canUnshare).each([
  ['sweep --wait', 143, ['sweep', '--wait']],
  ['run', 0, ['run']],
] as const)(
  'a signal ends muster %s also as the first process of a container, where the system drops it',
  async (_, code, args) => {
    const running = runProgram(['-e', UNSHARED, MUSTER_ENTRY, ...args], { env: system.env });
    const pid = await eventually('it runs', async () => firstProcess(args));
    await eventually('it waits', async () => {
      const clients = String(await system.redisCall('CLIENT', 'LIST'));
      return clients.includes('name=muster-');
    });

    process.kill(pid, 'SIGTERM');

    expect((await running).code).toBe(code);
    expect(isAlive(pid)).toBe(false);
  },
);

/** Runs a program as the first process of a namespace of its own, and ends as it does. */
const UNSHARED = `
  const { spawnSync } = require('node:child_process');
  const program = [process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', ['-Urfp', '--', ...program], { stdio: 'inherit' });
  process.exit(status ?? 1);
`;

/** The process whose parent is the `unshare` of these arguments; null while there is none. */
function firstProcess(args: readonly string[]): number | null {
  const { stdout } = spawnSync('pgrep', ['-f', `^unshare -Urfp .*${args.join(' ')}$`], { encoding: 'utf8' });
  for (const parent of stdout.split('\n').filter((line) => line !== '')) {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
    if (children !== '') return Number(children.split(' ')[0]);
  }
  return null;
}
