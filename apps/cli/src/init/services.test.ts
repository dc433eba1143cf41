import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isHere, runChecker } from './command-here.fixture.ts';
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
          .replaceAll('=muster\n', '=nobody\n')
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
