/**
 * Every defect that can stand beside the others, at once: the doctor names each, where it is, with its remedy, and nothing
 * else. The defects that exclude each other have tests of their own, listed here by cause.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWorldFile } from '@muster/aws-sim/world/file';
import { CHECK_CAUSES, type Check, type CheckCause } from '@muster/core/reports/doctor/check';
import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { type ConfigFacts, type ConfigPart, organizationMatcher } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';
import { wrongClock } from './wrong-clock.fixture.ts';

const WORLD = fileURLToPath(
  new URL('../../packages/aws-sim/worlds/one-of-each-defect.yaml', import.meta.url),
);
const ROLE = 'teleport-organization-discovery-child-account-role';
const SOUND = ['300000000001', '300000000002'];
const OWN_MATCHER = ['300000000022', '300000000031', '300000000032', '300000000033'];

/** A defect of the world or of the installation, and what must be said of it. */
interface Defect {
  readonly cause: CheckCause;
  readonly accountId: string | null;
  readonly subject?: string | RegExp;
  readonly remedy: string;
}

/** Causes that cannot be there together with the rest, and where each is brought about. */
const ALONE: Partial<Record<CheckCause, string>> = {
  'marker-key-missing': '../../apps/worker/src/reports/check-organization.int.test.ts',
  'configuration-invalid': 'doctor.test.ts',
  'configuration-off': 'doctor-defects.test.ts',
  'redis-unreachable': 'doctor.test.ts',
  'redis-unsafe': 'doctor.test.ts',
  'redis-refuses-writes': 'doctor.test.ts',
  'redis-rights-missing': 'doctor.test.ts',
  'redis-min-replicas': 'doctor.test.ts',
  'ledger-of-another': 'two-installations.test.ts',
  'no-worker': 'doctor.test.ts',
  'worker-silent': 'doctor-defects.test.ts',
  'credentials-missing': 'doctor.test.ts',
  'credentials-refused': 'doctor.test.ts',
  'organization-wrong': 'doctor.test.ts',
  'no-accounts': 'doctor-defects.test.ts',
  'proxy-unreachable': 'doctor.test.ts',
  'proxy-not-teleport': 'doctor-defects.test.ts',
  'managed-updates-off': 'doctor-defects.test.ts',
  'installer-unreachable': 'doctor.test.ts',
  'no-inventory': 'doctor-defects.test.ts',
  'not-answered': 'doctor-defects.test.ts',
  // No operator can order a mistake of ours.
  internal: '../../apps/worker/src/reports/check-account.int.test.ts',
};

let system: MusterSystem;
afterEach(() => system.close());

/** Matchers of accounts of their own for what concerns a matcher; none of them sends. */
function defectiveConfig(facts: ConfigFacts): ConfigPart {
  const base = organizationMatcher(facts);
  const joinWith = (name: string) => ({ join_params: { token_name: name, method: 'iam' } });
  const install = joinWith(facts.joinToken);
  const [, port] = facts.proxyAddress.split(':');
  const [regionOff, parameters, missing, tagged] = OWN_MATCHER;
  return {
    discovery_service: {
      aws: [
        { ...base, exclude_accounts: OWN_MATCHER },
        {
          ...base,
          include_accounts: [regionOff],
          regions: ['us-east-1', 'eu-west-1'],
          install: { ...install, suffix: 'blue', update_group: 'canary', script_name: 'login-page' },
        },
        {
          ...base,
          include_accounts: [parameters],
          ssm: { document_name: 'Own-Installer' },
          install: { ...joinWith('no-such-token'), script_name: 'never-created' },
        },
        {
          ...base,
          include_accounts: [missing],
          ssm: { document_name: 'Nowhere-Installer' },
          install: {
            ...joinWith('token-of-another'),
            public_proxy_addr: `localhost:${port ?? ''}`,
            script_name: 'sane',
          },
        },
        { ...base, include_accounts: [tagged], account_tags: { stage: 'prod' } },
      ],
    },
    muster: { paused: true, install: { script_sha256: { 'default-installer': 'a'.repeat(64) } } },
  };
}

function defectsOf({ proxyAddress }: ConfigFacts): readonly Defect[] {
  const all = (cause: CheckCause, remedy: string, subject?: string | RegExp): Defect => ({
    cause,
    accountId: null,
    remedy,
    ...(subject === undefined ? {} : { subject }),
  });
  const at = (n: number, cause: CheckCause, remedy: string, subject?: string | RegExp): Defect => ({
    ...all(cause, remedy, subject),
    accountId: String(300_000_000_000 + n),
  });
  const lacks = (n: number, action: string): Defect =>
    at(n, 'permission-missing', `Allow ${action} on "*" in the policy of arn:aws:iam::`, action);
  const noRole = (n: number): Defect =>
    at(
      n,
      'role-not-assumable',
      'with the configured external id',
      `arn:aws:iam::${String(300_000_000_000 + n)}:role/${ROLE}`,
    );
  return [
    all('configuration-skew', 'restart the worker'),
    all('redis-not-durable', 'CONFIG SET appendonly yes'),
    all('redis-without-password', 'requirepass'),
    all('no-scheduler', 'muster scheduler'),
    all('clock-skew', 'timedatectl set-ntp true'),
    all('optional-permission-missing', 'Allow organizations:ListAccounts', 'organizations:ListAccounts'),
    all(
      'permission-missing',
      'Allow organizations:ListTagsForResource on "*" in the policy of the discovery role',
      'organizations:ListTagsForResource',
    ),
    all('organization-denied', 'Allow organizations:ListTagsForResource'),
    all('proxy-address-differs', `to ${proxyAddress}`, /^localhost:/),
    all('managed-updates-held', 'tctl autoupdate agents status'),
    all('installer-changed', 'muster.install.script_sha256', /\/default-installer$/),
    all('installer-not-a-script', 'tctl edit installer/login-page', /\/login-page$/),
    all('installer-missing', 'metadata.name: never-created', /\/never-created$/),
    all('token-missing', 'tctl create -f token.yaml', 'no-such-token'),
    all('token-unfit', 'muster token', 'token-of-another'),
    all('inventory-unreadable', 'tctl get nodes --format=json'),
    all('inventory-stale', 'muster findings', 'snapshot'),
    noRole(3),
    noRole(4),
    noRole(5),
    lacks(11, 'account:ListRegions'),
    lacks(12, 'ec2:DescribeInstances'),
    lacks(13, 'ssm:DescribeInstanceInformation'),
    lacks(14, 'ssm:GetCommandInvocation'),
    lacks(15, 'ssm:ListCommandInvocations'),
    lacks(16, 'ssm:SendCommand'),
    at(17, 'optional-permission-missing', 'Optional. Allow ssm:CancelCommand', 'ssm:CancelCommand'),
    at(17, 'optional-permission-missing', 'Optional. Allow ec2:DescribeRegions', 'ec2:DescribeRegions'),
    at(21, 'region-denied', 'exempt the member role from the policy'),
    at(22, 'region-off', 'aws account enable-region --account-id 300000000022 --region-name eu-west-1'),
    at(23, 'aws-unavailable', 'Check that the worker reaches the AWS endpoints'),
    at(24, 'aws-throttled', 'uses up the quota of the account'),
    at(31, 'document-refuses-parameters', 'token, scriptName', 'Own-Installer'),
    at(32, 'document-missing', 'Create the document Nowhere-Installer', 'Nowhere-Installer'),
    at(41, 'agents-offline', 'muster plan'),
    at(41, 'agents-offline', 'Attach an instance profile', 'ec2-no-instance-profile'),
    at(41, 'agents-offline', 'Start or install the SSM agent', 'ec2-ssm-agent-not-registered'),
    at(41, 'agents-offline', 'systemctl restart amazon-ssm-agent', 'ec2-ssm-agent-connection-lost'),
    at(41, 'agents-too-old', 'AWS-UpdateSSMAgent', 'ec2-ssm-agent-too-old'),
    at(41, 'hosts-not-linux', 'exclude_tags', 'ec2-ssm-unsupported-os'),
  ];
}

function isAbout({ cause, accountId, subject }: Defect, check: Check): boolean {
  if (check.cause !== cause || check.accountId !== accountId) return false;
  if (subject instanceof RegExp) return subject.test(check.subject ?? '');
  // The accounts' own lines tell apart what shares a cause there.
  return subject === undefined
    ? cause !== 'agents-offline' || check.subject === null
    : check.subject === subject;
}

/** Starts it, lets the workers fail at the inventory, then takes the scheduler and the append-only file away. */
async function startDefective(): Promise<void> {
  system = await startSystem({
    world: { world: readWorldFile(WORLD) },
    teleport: {
      faults: { inventory: 'denied' },
      installers: {
        'login-page': '<!doctype html>\n<html><body>Sign in</body></html>\n',
        sane: '#!/bin/sh\nset -eu\ncurl -sSf "https://{{.PublicProxyAddr}}/scripts/install.sh" | sudo sh -s -- "$1"\n',
      },
    },
    config: defectiveConfig,
    schedulers: 1,
    workers: 0,
  });
  system.teleport.setToken({ name: 'token-of-another', allow: [{ organizationId: 'o-zzzzzzzzzz' }] });
  // Either may answer: the one whose clock is wrong works on.
  system.start('worker', { env: wrongClock(-400_000) });
  system.start('worker');
  await eventually(
    'the inventory was tried',
    async () => (await system.status()).findings.some(({ kind }) => kind === 'inventory-unavailable'),
    60_000,
  );
  const [scheduler] = system.processes;
  scheduler?.signal('SIGTERM');
  await scheduler?.ended;
  await system.redisCall('CONFIG', 'SET', 'appendonly', 'no');
  await system.redisCall('CONFIG', 'SET', 'requirepass', '');
}

/** The operator's own file, which says something else than the worker's. */
function otherFile(): string {
  const file = join(system.folder, 'mine.yaml');
  const text = readFileSync(system.configFile, 'utf8');
  const config = JSON.parse(text) as { discovery_service: { aws: ConfigPart[] } };
  const [first, ...rest] = config.discovery_service.aws;
  config.discovery_service.aws = [{ ...first, tags: { another: 'tag' } }, ...rest];
  writeFileSync(file, JSON.stringify(config));
  return file;
}

test('one run of the doctor names every defect of a world that has them all, and nothing that is sound', async () => {
  await startDefective();
  const defects = defectsOf(system.facts);
  const file = otherFile();

  const { code, stdout } = await system.cli('--config', file, 'doctor', '--json');
  const forPeople = await system.cli('--config', file, 'doctor');

  const report = JSON.parse(stdout) as DoctorReport;
  expect({ code, verdict: report.verdict }).toEqual({ code: 1, verdict: 'fail' });
  const named = report.checks.filter(({ cause }) => cause !== null);
  const missed = defects.filter((defect) => !named.some((check) => isAbout(defect, check)));
  const unexpected = named.filter((check) => !defects.some((defect) => isAbout(defect, check)));
  expect({ missed, unexpected }).toEqual({ missed: [], unexpected: [] });
  for (const defect of defects) {
    const check = named.find((one) => isAbout(defect, one));
    expect(check?.remedy).toContain(defect.remedy);
    // The same, as it stands in a terminal: the line with what is wrong where, and the remedy.
    const { id, status, subject } = check as Check;
    const what = subject === null || id === 'account-role' ? id : `${id} ${subject}`;
    const line = forPeople.stdout
      .split('\n')
      .find(
        (one) => one.startsWith(`${status.toUpperCase()}  ${what}`) && one.includes(defect.accountId ?? ''),
      );
    expect(line, `${what} of ${defect.accountId ?? 'all'}`).toBeDefined();
    // Told once for accounts that share it, with the role of the first. Of a wrong clock the other worker may answer this time.
    const remedy =
      check?.cause === 'clock-skew' ? defect.remedy : `→ ${check?.remedy?.split('arn:')[0] ?? ''}`;
    expect(forPeople.stdout).toContain(remedy);
  }
  const statusOf = (cause: CheckCause): string | undefined =>
    named.find((one) => one.cause === cause)?.status;
  expect({
    'proxy-address-differs': statusOf('proxy-address-differs'),
    'managed-updates-held': statusOf('managed-updates-held'),
    'inventory-stale': statusOf('inventory-stale'),
    'document-refuses-parameters': statusOf('document-refuses-parameters'),
  }).toEqual({
    'proxy-address-differs': 'warn',
    'managed-updates-held': 'warn',
    'inventory-stale': 'warn',
    'document-refuses-parameters': 'fail',
  });
  // What is sound is green, and an account that is closed is left alone.
  for (const accountId of SOUND) {
    const checks = report.checks.filter((check) => check.accountId === accountId);
    expect(checks.length).toBeGreaterThan(8);
    expect(checks.filter(({ status }) => status !== 'pass')).toEqual([]);
  }
  const leftAlone = report.checks.filter(({ id }) => id === 'account-state');
  expect(leftAlone.map(({ accountId, status }) => [accountId, status])).toEqual([
    ['300000000006', 'skipped'],
    ['300000000007', 'skipped'],
  ]);
  expect(system.report().commands.sent).toBe(0);
  // No cause is left without a test: not here, then in the file that is named for it.
  const causes = new Set<CheckCause>(named.flatMap(({ cause }) => cause ?? []));
  const elsewhere = (cause: CheckCause): boolean =>
    ALONE[cause] !== undefined &&
    readFileSync(new URL(ALONE[cause], import.meta.url), 'utf8').includes(`'${cause}'`);
  expect(CHECK_CAUSES.filter((cause) => !causes.has(cause) && !elsewhere(cause))).toEqual([]);
});
