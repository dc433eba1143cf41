import type { InstanceRow } from '@muster/api/instances';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import type { ConfigPart } from '@muster/testing/system-config';
import { runProgram, type SupervisedProcess } from '@muster/testing/supervised-process';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { signIn } from './api-operator.fixture.ts';
import { bringPreviousRelease, NO_PREVIOUS_RELEASE } from './previous-release.fixture.ts';

/**
 * The release before this one, from a checkout of its own, and this one on one Redis, with commands live. docs/upgrade.md says in
 * which order an operator replaces processes; here it is the other one, which is harder: a newer scheduler without newer workers.
 */
const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1'];
/** Hosts of one target. */
const [JOINING, FAILING] = [10, 1];
/** Work that was handed to a process which has ended comes back within half a minute. */
const LONGEST_STANDSTILL_MS = 35_000;

/** Findings that are true of this fleet, whose failures are meant. */
const TRUE_FINDINGS = new Set(['failing-alike', 'sends-wait', 'targets-not-read', 'accounts-not-read']);

/** Hosts under way at once: so few that hosts are left for every step, however slow the machine is. */
const FEW = 20;
const MANY = 200;

/** Hosts in three targets per account, of which one each fails and then backs off for hours. */
function aFleet(accountsMade: number, underWay: number): SystemOptions {
  const instances = REGIONS.flatMap((region) => [
    { region, count: JOINING, outcome: [{ kind: 'joins' as const }] },
    { region, count: FAILING, outcome: [{ kind: 'exits' as const, exitCode: 3 }] },
  ]);
  const accounts = Array.from({ length: accountsMade }, (_, n) => ({
    id: `1000000000${String(n).padStart(2, '0')}`,
    instances,
  }));
  return {
    world: {
      world: { name: 'some fail', regions: REGIONS, accounts: [{ id: '999988887777' }, ...accounts] },
      latency: { installMs: [60_000, 180_000] },
    },
    config: settings(underWay),
    schedulers: 0,
    workers: 0,
  };
}

function settings(underWay: number): ConfigPart {
  return {
    muster: {
      brake: { enabled: false },
      rollout: { ramp: { off: true } },
      limits: { hold_first_send: false, installs_in_flight: underWay },
    },
  };
}

let system: MusterSystem;
let watching: Watch | null = null;
let previous = '';

/** What is looked at all the time: the longest time in which nothing went on, and all findings there were. */
interface Watch {
  stop(): Promise<{ readonly standstillMs: number; readonly findings: readonly string[] }>;
}

function watch(): Watch {
  const closing = new AbortController();
  const findings = new Set<string>();
  let [seen, sinceMs, standstillMs] = ['', Date.now(), 0];
  const looking = (async () => {
    while (!closing.signal.aborted) {
      const { commands, joined } = system.report();
      const now = `${commands.sent} ${commands.terminal} ${joined}`;
      if (now !== seen) [seen, sinceMs] = [now, Date.now()];
      standstillMs = Math.max(standstillMs, Date.now() - sinceMs);
      for (const { kind } of (await system.status()).findings) {
        if (!TRUE_FINDINGS.has(kind)) findings.add(kind);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  return {
    async stop() {
      closing.abort();
      await looking;
      return { standstillMs, findings: [...findings].toSorted() };
    },
  };
}

/** Waits until so many more hosts have joined, and commands are live. */
async function goOn(what: string, hosts: number): Promise<void> {
  const before = system.report().joined;
  await eventually(
    `${what}: ${hosts} more hosts have joined`,
    () => {
      const { joined, commands } = system.report();
      return joined >= before + hosts && commands.live > 0;
    },
    LONGEST_STANDSTILL_MS,
  );
}

/** Starts one and, when it has started, ends the other. */
async function replace(
  old: SupervisedProcess,
  kind: 'scheduler' | 'worker',
  entry?: string,
): Promise<SupervisedProcess> {
  const fresh = system.start(kind, entry === undefined ? {} : { entry });
  await eventually(`${fresh.name} has started`, () => fresh.log().includes(`${kind} started`));
  old.signal('SIGTERM');
  expect(await old.ended).toEqual({ code: 0, signal: null });
  return fresh;
}

async function allRecords(): Promise<readonly EnrollmentRecord[]> {
  const records: EnrollmentRecord[] = [];
  for (const target of await system.ledger.enrollments.keptTargets()) {
    for (const { value } of (await system.ledger.enrollments.readAll(target)).values()) {
      records.push(value as EnrollmentRecord);
    }
  }
  return records;
}

/** What a failed host must not lose: its attempts, and when it is tried again. */
async function failures(): Promise<Readonly<Record<string, object>>> {
  return Object.fromEntries(
    (await allRecords()).flatMap((record) =>
      record.state === 'failed'
        ? [[record.instanceId, { attempts: record.attempts, nextAttemptAtMs: record.nextAttemptAtMs }]]
        : [],
    ),
  );
}

/** Everything has ended, and each host was sent one command. */
async function expectOneCommandEach(accounts: number): Promise<OrganizationStatus> {
  const [joined, failed] = [JOINING, FAILING].map((hosts) => hosts * REGIONS.length * accounts);
  const status = await system.judged(120_000);
  expect(system.report().installs).toMatchObject({
    whileLive: 0,
    afterJoined: 0,
    perInstance: { 0: 0, 1: (joined ?? 0) + (failed ?? 0) },
  });
  expect(status.instances.byState).toEqual({ joined, failed });
  return status;
}

describe.skipIf(NO_PREVIOUS_RELEASE !== null)(
  `beside the previous release (${NO_PREVIOUS_RELEASE ?? 'its commit is here'})`,
  () => {
    beforeAll(() => {
      previous = bringPreviousRelease();
    }, 120_000);
    afterEach(async () => {
      await watching?.stop();
      await system.close();
    });

    test('an update and the way back, process by process, with commands live: each host is sent one command and nothing is forgotten', async () => {
      system = await startSystem(aFleet(16, FEW));
      let scheduler = system.start('scheduler', { entry: previous });
      let first = system.start('worker', { entry: previous });
      let second = system.start('worker', { entry: previous });
      await eventually('hosts join', () => system.report().joined > 0, 60_000);
      watching = watch();
      await goOn('the release before', 15);

      scheduler = await replace(scheduler, 'scheduler');
      await goOn('a newer scheduler with older workers', 15);
      first = await replace(first, 'worker');
      await goOn('one worker of each', 15);
      second = await replace(second, 'worker');
      const failedBefore = await failures();
      await goOn('this release alone', 15);

      first = await replace(first, 'worker', previous);
      second = await replace(second, 'worker', previous);
      await goOn('older workers with a newer scheduler, on the way back', 15);
      scheduler = await replace(scheduler, 'scheduler', previous);
      system.configure(settings(MANY));

      await expectOneCommandEach(16);
      const { standstillMs, findings } = await watching.stop();
      expect(findings).toEqual([]);
      expect(standstillMs).toBeLessThan(LONGEST_STANDSTILL_MS);
      expect(Object.keys(failedBefore).length).toBeGreaterThan(0);
      expect(await failures()).toMatchObject(failedBefore);
      expect([scheduler, first, second].every((one) => one.isRunning())).toBe(true);
    });

    test('schedulers and workers of both releases, side by side to the end, show the same and the truth', async () => {
      system = await startSystem(aFleet(8, MANY));
      const older = system.start('scheduler', { entry: previous });
      const newer = system.start('scheduler');
      system.start('worker', { entry: previous });
      system.start('worker');
      await eventually('hosts join', () => system.report().joined > 0, 60_000);
      watching = watch();

      const { instances } = await expectOneCommandEach(8);

      const { standstillMs, findings } = await watching.stop();
      expect(findings).toEqual([]);
      expect(standstillMs).toBeLessThan(LONGEST_STANDSTILL_MS);
      const truth = rowsOf(await allRecords());
      for (const scheduler of [older, newer]) {
        const operator = await signIn(scheduler, system.ledger);
        await eventually(`${scheduler.name} lists what the ledger holds`, async () => {
          const { items } = await operator.read<{ items: readonly InstanceRow[] }>('/instances?limit=500');
          const shown = items.map(({ instanceId, state, cause, attempts }) =>
            [instanceId, state, cause, attempts].join(' '),
          );
          expect(shown.toSorted()).toEqual(truth);
          return true;
        });
        const targets = await operator.read<{ items: readonly { readonly status: string }[] }>(
          '/targets?limit=500',
        );
        expect(new Set(targets.items.map(({ status }) => status))).toEqual(new Set(['complete']));
      }
      const ofOlder = await runProgram([previous, 'status', '--json'], { env: system.env });
      const ofNewer = await system.cli('status', '--json');
      for (const { stdout } of [ofOlder, ofNewer]) {
        expect(JSON.parse(stdout)).toMatchObject({ instances });
      }
      const { stdout } = await system.cli('version');
      expect(stdout).toContain('2 releases run side by side');
    });
  },
);

function rowsOf(records: readonly EnrollmentRecord[]): readonly string[] {
  return records
    .map(({ instanceId, state, attempts, ...more }) =>
      [instanceId, state, 'cause' in more ? more.cause : null, attempts.length].join(' '),
    )
    .toSorted();
}
