/**
 * An organization outside the commercial partition, end to end: `muster init` writes its ARNs, they are the policies of the
 * simulator's IAM, which knows no keys in another partition's regions, and everything is enrolled.
 */
import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { expect, test } from 'vitest';
import { INSTANCES, openDesk } from './desk.ts';
import { listCommands, listHosts } from './simulated-commands.ts';

interface Explained {
  readonly attempts: readonly { readonly link: string }[];
}

test.each([
  ['aws-us-gov', 'us-gov-', 'console.amazonaws-us-gov.com'],
  ['aws-cn', 'cn-', 'console.amazonaws.cn'],
] as const)(
  'an organization in %s is enrolled by what init writes for it',
  { timeout: 180_000 },
  async (partition, prefix, consoleHost) => {
    const desk = openDesk();
    try {
      const options = [`--partition=${partition}`, '--document=TeleportDiscoveryInstaller'];
      const system = await desk.start(options, partition);
      // Nothing of the environment leads to the right partition: the configuration does.
      expect(system.env['AWS_REGION']).toBe('us-east-1');
      for (const file of ['token.yaml', 'inventory.yaml']) {
        expect(await desk.type(`tctl create -f teleport/${file}`)).toMatchObject({ code: 0 });
      }
      expect(system.aws.world.regions.filter((region) => !region.startsWith(prefix))).toEqual([]);

      const doctor = await desk.type('muster doctor --local --json');
      const report = JSON.parse(doctor.stdout) as DoctorReport;
      expect({ code: doctor.code, failed: report.checks.filter(({ status }) => status === 'fail') }).toEqual({
        code: 0,
        failed: [],
      });
      const subjects = report.checks
        .filter(({ id }) => id === 'account-role')
        .map(({ subject }) => subject ?? '');
      expect(subjects).toHaveLength(5);
      expect(subjects.filter((arn) => !arn.startsWith(`arn:${partition}:iam::`))).toEqual([]);

      expect(await desk.type('muster resume --all')).toMatchObject({ code: 0 });
      expect((await desk.type('muster run --once --json')).code).toBe(0);

      expect(system.report()).toMatchObject({
        joined: INSTANCES,
        installs: { perInstance: { 1: INSTANCES }, whileLive: 0 },
      });
      const names = (await listCommands(system)).map(({ documentName }) => documentName);
      expect([...new Set(names)]).toEqual(['TeleportDiscoveryInstaller']);
      const [host] = await listHosts(system);
      const { stdout } = await desk.type(`muster explain ${host?.id ?? ''} --json`);
      const [attempt] = (JSON.parse(stdout) as Explained).attempts;
      expect(attempt?.link).toMatch(new RegExp(`^https://${prefix}[a-z0-9-]+\\.${consoleHost}/`));
    } finally {
      await desk.close();
    }
  },
);
