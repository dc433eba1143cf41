import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import type { Plan } from '@muster/core/reports/plan/assemble';
import { eventually } from '@muster/testing/eventually';
import { refereeFaults } from '@muster/testing/referee';
import { expect, test } from 'vitest';
import { INSTANCES, openDesk } from './desk.ts';
import { listHosts } from './simulated-commands.ts';

test('init, its roles in IAM, doctor all green, plan, and one run enrolls everything', {
  timeout: 180_000,
}, async () => {
  const desk = openDesk();
  try {
    const system = await desk.start([]);
    for (const file of ['token.yaml', 'inventory.yaml']) {
      expect(await desk.type(`tctl create -f teleport/${file}`)).toMatchObject({ code: 0 });
    }
    const processes = [system.start('scheduler'), system.start('worker')];
    await eventually('the worker is connected', async () =>
      String(await system.redisCall('CLIENT', 'LIST')).includes('name=muster-worker-producer '),
    );

    const doctor = await desk.type('muster doctor --json');
    const report = JSON.parse(doctor.stdout) as DoctorReport;
    expect({ code: doctor.code, failed: report.checks.filter(({ status }) => status === 'fail') }).toEqual({
      code: 0,
      failed: [],
    });
    // What is left are notes about permissions that Muster does without.
    const notes = report.checks.filter(({ status }) => status === 'warn');
    expect(new Set(notes.map(({ cause }) => cause))).toEqual(new Set(['optional-permission-missing']));
    expect(report.accounts).toEqual({ total: 5, ok: 5, failed: 0, skipped: 0 });

    const planned = await desk.type('muster plan --json');
    const plan = JSON.parse(planned.stdout) as Plan;
    expect([planned.code, plan.verdict, plan.totals.counts.install]).toEqual([0, 'complete', INSTANCES]);
    expect(system.report().commands.sent).toBe(0);

    for (const child of processes) child.signal('SIGTERM');
    await Promise.all(processes.map((child) => child.ended));
    expect(await desk.type('muster resume --all')).toMatchObject({ code: 0 });
    const run = await desk.type('muster run --once --json');
    const status = JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '') as Parameters<
      typeof refereeFaults
    >[1];

    expect([run.code, status.sweep.verdict, status.instances.byState]).toEqual([
      0,
      'complete',
      { joined: INSTANCES },
    ]);
    expect(refereeFaults(system.report(), status)).toEqual([]);
    expect(system.report()).toMatchObject({
      joined: INSTANCES,
      installs: { perInstance: { 1: INSTANCES }, whileLive: 0, afterJoined: 0 },
    });
  } finally {
    await desk.close();
  }
});

test('with account tags the roles of init may read them, and exactly the accounts that carry them are enrolled', {
  timeout: 180_000,
}, async () => {
  const desk = openDesk();
  try {
    const system = await desk.start(['--account-tag=managed-by=landing-zone']);
    const tagged = system.aws.world.accounts.filter(({ tags }) => tags['managed-by'] === 'landing-zone');
    expect(tagged.length).toBeGreaterThan(0);
    expect(tagged.length).toBeLessThan(system.aws.world.accounts.length);
    for (const line of ['tctl create -f teleport/token.yaml', 'tctl create -f teleport/inventory.yaml']) {
      expect(await desk.type(line)).toMatchObject({ code: 0 });
    }

    const doctor = await desk.type('muster doctor --local --json');
    const report = JSON.parse(doctor.stdout) as DoctorReport;
    expect(report.checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(
      report.checks.find(({ subject }) => subject === 'organizations:ListTagsForResource'),
    ).toMatchObject({ id: 'organization-permission', status: 'pass' });
    expect(report.accounts).toMatchObject({ total: tagged.length, ok: tagged.length });

    expect(await desk.type('muster resume --all')).toMatchObject({ code: 0 });
    expect((await desk.type('muster run --once --json')).code).toBe(0);
    const joined = (await listHosts(system)).filter((host) => host.joined);
    const ids = new Set<string>(tagged.map(({ id }) => id));
    expect(joined.length).toBeGreaterThan(0);
    expect(joined.filter(({ account }) => !ids.has(account))).toEqual([]);
    expect(system.report().calls['organizations:ListTagsForResource']?.denied).toBe(0);
  } finally {
    await desk.close();
  }
});
