import { hostname } from 'node:os';
import { join } from 'node:path';
import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { eventually } from '@muster/testing/eventually';
import { fakeTime, FAKETIME_LIBRARY, NO_FAKETIME, type FakeTime } from '@muster/testing/fake-time';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import { afterEach, describe, expect, test } from 'vitest';

let system: MusterSystem;

const MINUTE_MS = 60_000;
/** At speed 40, real time between two readings of a target. */
const POLL_MS = 15_000;

/** Starts a process whose clock is off. */
function startOff(
  kind: 'scheduler' | 'worker',
  offsetMs: number,
): { child: SupervisedProcess; time: FakeTime } {
  const time = fakeTime(join(system.folder, `time-${system.processes.length}`), offsetMs);
  return { child: system.start(kind, { env: time.env }), time };
}

async function clockFindings(): Promise<readonly { scope: string; message: string }[]> {
  const { findings } = await system.status();
  return findings.filter(({ kind }) => kind === 'clock-off');
}

function describeInstances(): number {
  return system.report().calls['ec2:DescribeInstances']?.ok ?? 0;
}

describe.skipIf(FAKETIME_LIBRARY === null)(
  `a wrong clock${FAKETIME_LIBRARY === null ? `: ${NO_FAKETIME}` : ''}`,
  () => {
    afterEach(() => system.close());

    test('workers that are 6 min behind, 6 min ahead and 20 min ahead: all work at the usual rate, and each is named once', async () => {
      system = await startSystem({ schedulers: 0, workers: 0 });
      const off = [
        { ...startOff('worker', -6 * MINUTE_MS), words: '6 min behind' },
        { ...startOff('worker', 6 * MINUTE_MS), words: '6 min ahead of' },
        { ...startOff('worker', 20 * MINUTE_MS), words: '20 min ahead of' },
      ];
      system.start('scheduler');
      system.start('worker');

      await system.judged(90_000);
      const before = describeInstances();
      expect(before).toBeGreaterThan(0);
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS);
      });

      const targets = (await system.status()).sweep.targets.total;
      expect(describeInstances() - before).toBeLessThanOrEqual(2 * targets);
      const findings = new Map((await clockFindings()).map(({ scope, message }) => [scope, message]));
      expect(findings.size).toBe(off.length);
      for (const { child, words } of off) {
        const message = findings.get(`process:${hostname()}/${child.pid}`);
        expect(message).toContain(words);
        expect(message).toContain('2 other processes');
        await eventually('it works too', () => child.log().includes('"job":"'));
      }
      await system.judged();
    }, 150_000);

    test.each([-6 * MINUTE_MS, 6 * MINUTE_MS, 20 * MINUTE_MS])(
      'a lone worker that is off by %i ms does all the work, and sends once',
      async (offsetMs) => {
        system = await startSystem({ schedulers: 1, workers: 0 });
        const { child } = startOff('worker', offsetMs);

        await system.judged(90_000);

        expect((await clockFindings()).map(({ scope }) => scope)).toEqual([
          `process:${hostname()}/${child.pid}`,
        ]);
      },
      150_000,
    );

    test('one of two schedulers is 20 min ahead: each hands out work when the other has ended', async () => {
      system = await startSystem({ schedulers: 0, workers: 1 });
      const { child } = startOff('scheduler', 20 * MINUTE_MS);
      await eventually('its clock is named', async () => (await clockFindings()).length === 1, 30_000);
      await system.judged(90_000);
      const other = system.start('scheduler');
      await eventually('the other has started', () => other.log().includes('scheduler started'));
      child.signal('SIGKILL');

      const before = describeInstances();
      await eventually('targets are read again', () => describeInstances() > before, 2 * POLL_MS);
      expect((await system.status()).sweep.targets.failed).toBe(0);
    }, 150_000);

    test('a clock that is set wrong in the middle of the installs changes nothing but a finding', async () => {
      system = await startSystem({
        schedulers: 1,
        workers: 0,
        world: { accounts: 8, regions: 2, instances: 300, latency: { installMs: [20_000, 90_000] } },
      });
      const { time } = startOff('worker', 0);
      await eventually('installs are under way', () => system.report().commands.live >= 2, 60_000);

      time.set(10 * MINUTE_MS);
      await eventually('it is named', async () => (await clockFindings()).length === 1, 30_000);
      await system.judged(120_000);

      time.set(0);
      await eventually('nothing is said any more', async () => (await clockFindings()).length === 0, 30_000);
      expect(system.report().installs.whileLive).toBe(0);
    }, 240_000);

    test('doctor looks at the clock of every process, not only of the worker that answers', async () => {
      system = await startSystem({ schedulers: 1, workers: 1 });
      const { child } = startOff('worker', -6 * MINUTE_MS);
      await eventually('its clock is named', async () => (await clockFindings()).length === 1, 30_000);

      const { code, stdout } = await system.cli('doctor', '--json');

      const clocks = (JSON.parse(stdout) as DoctorReport).checks.filter(({ id }) => id === 'clock');
      expect(clocks).toContainEqual(
        expect.objectContaining({
          status: 'warn',
          cause: 'clock-skew',
          subject: `${hostname()}/${child.pid}`,
          detail: expect.stringContaining('6 min behind') as string,
        }),
      );
      expect(code).toBe(0);
    }, 90_000);

    test('a Redis whose own clock is wrong is named once, instead of every process', async () => {
      system = await startSystem({ schedulers: 0, workers: 0 });
      startOff('worker', 7 * MINUTE_MS);
      startOff('worker', 7 * MINUTE_MS);
      startOff('scheduler', 7 * MINUTE_MS);
      await eventually('all have compared', async () => {
        const { clocks } = await system.ledger.clocks.all();
        return clocks.length === 3;
      });

      const findings = await clockFindings();

      expect(findings.map(({ scope }) => scope)).toEqual([`redis:127.0.0.1:${system.redis().port}`]);
      expect(findings[0]?.message).toContain('7 min behind the clocks of all 3 processes');
      await system.judged(90_000);
    }, 90_000);

    test('a command from a machine whose clock is 20 min ahead says so, and dates by Redis', async () => {
      system = await startSystem({ schedulers: 0, workers: 0 });
      const before = { ...system.env };
      Object.assign(system.env, fakeTime(join(system.folder, 'time-cli'), 20 * MINUTE_MS).env);

      const paused = await system.cli('pause', '--all', '--reason', 'test');

      expect(paused).toMatchObject({ code: 0, stderr: expect.stringContaining('20 min ahead of') as string });
      const [pause] = await system.ledger.control.pauses();
      expect(Math.abs((pause?.atMs ?? 0) - Date.now())).toBeLessThan(10_000);
      expect(before['LD_PRELOAD']).toBeUndefined();
    });
  },
);
