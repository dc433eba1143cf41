import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isHere, runChecker } from './command-here.fixture.ts';
import { missingBounds } from '../process-memory.ts';
import { exampleSettings, fileOf } from './example.fixture.ts';

const SETTINGS = exampleSettings({ region: ['eu-west-1'] });
const UNITS = ['muster-scheduler.service', 'muster-worker@.service'];

/** Writes the units with programs and users that this machine has, which `systemd-analyze` looks for. */
function withUnits(check: (files: readonly string[]) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'muster-units-'));
  try {
    const files = UNITS.map((name) => {
      const file = join(folder, name.replace('@', '@1'));
      const unit = fileOf(SETTINGS, `systemd/${name}`);
      writeFileSync(
        file,
        unit
          .replaceAll('/opt/muster/node_modules/.bin/node', process.execPath)
          .replaceAll('file:///opt/muster/docs/runbook.md', 'man:systemd(1)')
          .replaceAll(/=muster(-scheduler)?\n/g, '=nobody\n')
          .replace('LogsDirectory=nobody', 'LogsDirectory=muster')
          .replace('Group=nobody', 'Group=nogroup'),
      );
      return file;
    });
    check(files);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.skipIf(!isHere('systemd-analyze'))(
  'systemd finds nothing wrong with the units (skipped where it is not installed)',
  { timeout: 30_000 },
  () => {
    withUnits((files) => {
      expect(runChecker('systemd-analyze', ['verify', '--man=no', ...files])).toBe('');
    });
  },
);

test.skipIf(!isHere('systemd-analyze'))(
  'systemd rates their exposure as low: at most 2.0 of 10 (skipped where it is not installed)',
  { timeout: 30_000 },
  () => {
    withUnits((files) => {
      for (const file of files) {
        expect(runChecker('systemd-analyze', ['security', '--offline=yes', '--threshold=20', file])).toBe('');
      }
    });
  },
);

test('the scheduler cannot fetch credentials, and only the worker is told a region', () => {
  const [scheduler, worker] = UNITS.map((name) => fileOf(SETTINGS, `systemd/${name}`));

  expect(scheduler).toContain('IPAddressDeny=169.254.169.254 fd00:ec2::254\n');
  expect(scheduler).not.toContain('AWS_REGION');
  expect(worker).toContain('Environment=AWS_REGION=eu-west-1\n');
  expect(fileOf(SETTINGS, 'compose/.env')).toContain('\nAWS_REGION=eu-west-1\n');
});

test('a key of AWS is for workers alone: they read a file of their own, and the scheduler drops what any file says', () => {
  const [scheduler, worker] = UNITS.map((name) => fileOf(SETTINGS, `systemd/${name}`));

  expect(worker).toContain('EnvironmentFile=-/etc/muster/worker.environment\n');
  expect(scheduler).not.toContain('worker.environment');
  expect(scheduler).toMatch(/^UnsetEnvironment=.*AWS_ACCESS_KEY_ID.*AWS_SECRET_ACCESS_KEY.*AWS_PROFILE/m);
});

test('the scheduler is a user of its own, whom the README makes, and cannot read what is the worker’s', () => {
  const [scheduler, worker] = UNITS.map((name) => fileOf(SETTINGS, `systemd/${name}`));
  const readme = fileOf(SETTINGS, 'README.md');

  expect(scheduler).toContain('User=muster-scheduler\nGroup=muster\n');
  expect(worker).toContain('User=muster\nGroup=muster\n');
  expect(readme).toMatch(/useradd .* --gid muster muster-scheduler\n/);
  expect(readme).toContain('install -d -m 0700 -o muster -g muster /opt/machine-id');
});

test('each has a limit of memory above the bounds that it gives itself', () => {
  for (const [name, verb] of [
    ['muster-scheduler.service', 'scheduler'],
    ['muster-worker@.service', 'worker'],
  ] as const) {
    const bounds = missingBounds([verb], [], {})?.options.join(' ') ?? '';
    const heapMb = Number(/--max-old-space-size=(\d+)/.exec(bounds)?.[1]);
    const limitMb = Number(/^MemoryMax=(\d+)G$/m.exec(fileOf(SETTINGS, `systemd/${name}`))?.[1]) * 1024;

    expect(limitMb).toBeGreaterThan(3 * heapMb);
  }
});

test('both read the password of Redis from a file that the README makes', () => {
  for (const name of UNITS) {
    expect(fileOf(SETTINGS, `systemd/${name}`)).toContain(
      'Environment=REDIS_PASSWORD_FILE=/etc/muster/redis-password\n',
    );
  }
  expect(fileOf(SETTINGS, 'README.md')).toContain('/etc/muster/redis-password');
});

test('no key is written anywhere', () => {
  expect(fileOf(SETTINGS, 'compose/.env')).not.toMatch(/^AWS_(ACCESS|SECRET)/m);
});
