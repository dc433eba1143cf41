import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem;
afterEach(() => system.close());

function pin(sha256: string): object {
  return { muster: { install: { script_sha256: { 'default-installer': sha256 } } } };
}

test('hosts run the installer that is pinned and no other, and the doctor says which figure is which', async () => {
  await startSystemWithPin('f'.repeat(64));
  const before = await doctor();
  const changed = before.checks.find(({ cause }) => cause === 'installer-changed');
  const sha256 = /it has the SHA-256 ([0-9a-f]{64})/.exec(changed?.detail ?? '')?.[1] ?? '';
  const refused = await system.cli('run', '--once', '--json');
  const failed = JSON.parse(refused.stdout.trimEnd().split('\n').at(-1) ?? '') as Status;

  expect(changed?.remedy).toContain('muster.install.script_sha256');
  // The first step of the ramp: no more hosts are touched.
  expect(failed.instances.byCause).toEqual({ 'host-installer-changed': 5 });
  expect(system.report().joined).toBe(0);

  system.configure({ ...pin(sha256) });
  const after = await doctor();
  // The next scan hands the instances to the matcher with the new pin.
  expect(await system.cli('sweep')).toMatchObject({ code: 0 });
  await system.cli('run', '--once', '--json');

  expect(after.checks.find(({ id }) => id === 'installer')).toMatchObject({ status: 'pass' });
  expect(system.report().joined).toBe(8);
});

interface Status {
  readonly instances: { readonly byCause: Readonly<Record<string, number>> };
}

async function startSystemWithPin(sha256: string): Promise<void> {
  system = await startSystem({
    schedulers: 0,
    workers: 0,
    world: { accounts: 2, regions: 1, instances: 8 },
    config: pin(sha256) as Record<string, unknown>,
  });
}

async function doctor(): Promise<DoctorReport> {
  const { stdout } = await system.cli('doctor', '--local', '--json');
  return JSON.parse(stdout) as DoctorReport;
}
