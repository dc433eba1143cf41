import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AwsSimOptions } from '@muster/aws-sim/start';
import { KNOWN_APIS } from '@muster/aws-sim/server/operations';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { refereeFaults } from '@muster/testing/referee';
import { type CommandResult, MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandsOf, readGuide } from '../repo/guide-blocks.ts';
import { listCommands, listHosts } from './simulated-commands.ts';

/** The guide's own values, and what the simulated organization has in their place. */
const ORGANIZATION = 'o-a1b2c3d4e5';
const EXTERNAL_ID = 'muster-0123456789abcdef0123456789abcdef';

/** Used when they are granted, or asked for by the doctor; a refusal is only noted. */
const OPTIONAL_APIS = new Set([
  'organizations:ListAccounts',
  'ssm:ListCommands',
  'ssm:CancelCommand',
  'ec2:DescribeRegions',
  'ssm:DescribeDocument',
  'organizations:DescribeOrganization',
]);

let folder: string;
let system: MusterSystem | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-guide-'));
  // Until the world is there, and its accounts are known.
  writeAccounts(['111122223333']);
});
afterEach(async () => {
  await system?.close();
  system = null;
  rmSync(folder, { recursive: true });
});

/** The file that the guide makes by `aws organizations list-accounts`. */
function writeAccounts(ids: readonly string[]): void {
  writeFileSync(join(folder, 'accounts.txt'), `${ids.join('\t')}\n`);
}

interface PolicyFile {
  readonly Statement: readonly {
    readonly Action: readonly string[];
    readonly Resource?: string;
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  }[];
}

function readSetup(path: string): string {
  return readFileSync(join(folder, 'muster-setup', path), 'utf8');
}

function readPolicy(path: string): PolicyFile {
  return JSON.parse(readSetup(path)) as PolicyFile;
}

/** Every API that the simulator has and the policy does not grant. */
function notGranted(path: string): string[] {
  const granted = new Set(readPolicy(path).Statement.flatMap((statement) => statement.Action));
  return KNOWN_APIS.filter((api) => !granted.has(api));
}

/** A world whose roles are those that `muster init` wrote: name, external id, and not one action more. */
function worldOfRoles(): AwsSimOptions {
  const assume = readPolicy('iam/discovery-policy.json').Statement.find((one) =>
    one.Action.includes('sts:AssumeRole'),
  );
  const [trust] = readPolicy('iam/member-trust.json').Statement;
  return {
    accounts: 5,
    regions: 2,
    instances: 40,
    settings: {
      organizationId: assume?.Condition?.['StringEquals']?.['aws:ResourceOrgID'],
      access: {
        roleName: assume?.Resource?.split('/').at(-1) ?? '',
        externalId: trust?.Condition?.['StringEquals']?.['sts:ExternalId'] ?? '',
        deniedDiscoveryActions: notGranted('iam/discovery-policy.json'),
        deniedMemberActions: notGranted('iam/member-policy.json'),
      },
    },
  };
}

function init(...args: readonly string[]): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, 'init', ...args], { env: { PATH: process.env['PATH'] }, cwd: folder });
}

/** Starts the world of init's roles, with an empty Teleport, and points init's configuration at it. */
async function startWorld(
  options: readonly string[],
  documents?: ReadonlyMap<string, string>,
): Promise<MusterSystem> {
  const base = [
    `--organization=${ORGANIZATION}`,
    `--external-id=${EXTERNAL_ID}`,
    '--discovery-account=111122223333',
    '--dir=muster-setup',
    ...options,
  ];
  // The roles first: they do not depend on the proxy, whose address is known only later.
  const roles = await init(...base, '--proxy=teleport.example.com:443');
  if (roles.code !== 0) throw new Error(roles.stderr);
  const world = worldOfRoles();
  const started = await startSystem({
    world: { ...world, settings: { ...world.settings, ...(documents === undefined ? {} : { documents }) } },
    teleport: { tokens: [] },
    schedulers: 0,
    workers: 0,
  });
  system = started;
  writeAccounts(started.aws.world.accounts.map((account) => account.id));
  const final = await init(
    ...base,
    ...tagOptions(started),
    `--proxy=${started.facts.proxyAddress}`,
    '--force',
  );
  if (final.code !== 0) throw new Error(final.stderr);
  configureSystem(started);
  return started;
}

function tagOptions(started: MusterSystem): readonly string[] {
  return Object.entries(started.facts.matchTags).map(([key, value]) => `--tag=${key}=${value}`);
}

/** init's muster.yaml as it is, but for the folder of the identity; what is left is what the environment may say. */
function configureSystem(started: MusterSystem): void {
  const machineId = join(folder, 'machine-id');
  mkdirSync(machineId, { recursive: true });
  writeFileSync(join(machineId, 'identity'), 'simulated');
  const file = join(folder, 'muster-setup/muster.yaml');
  writeFileSync(file, readSetup('muster.yaml').replaceAll('/opt/machine-id', machineId));
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(MUSTER_ENTRY, join(bin, 'muster'));
  symlinkSync(started.facts.tctl, join(bin, 'tctl'));
  Object.assign(started.env, {
    MUSTER_CONFIG: file,
    MUSTER_CONSOLE_LISTEN: '127.0.0.1:0',
    MUSTER_WORKER_LISTEN: '127.0.0.1:0',
    PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
  });
}

interface Status {
  readonly sweep: { readonly verdict: string | null };
  readonly instances: { readonly byState: Readonly<Record<string, number>> };
}

async function statusOf(started: MusterSystem): Promise<Status> {
  const { stdout } = await started.cli('status', '--json');
  return JSON.parse(stdout) as Status;
}

/** One line of the guide, as its reader would type it in the folder that init wrote. */
function type(started: MusterSystem, line: string): Promise<CommandResult> {
  const [word = '', ...args] = (line.match(/"[^"]*"|\S+/g) ?? []).map((part) => part.replaceAll('"', ''));
  const program = word === 'tctl' ? started.facts.tctl : MUSTER_ENTRY;
  return runProgram([program, ...args], { env: started.env, cwd: join(folder, 'muster-setup') });
}

async function untilAllJoined(started: MusterSystem): Promise<void> {
  await eventually(
    'every instance has joined',
    async () => (await statusOf(started)).instances.byState['joined'] === started.report().instances,
    90_000,
  );
}

test('the guide, line by line, on an organization with its roles: nothing is sent before resume, then all is enrolled', async () => {
  const started = await startWorld([]);
  const lines = commandsOf(readGuide('README.md'))
    .filter((line) => /^(muster|tctl|sudo systemctl enable --now muster)/.test(line))
    // Done above; the simulated tctl has no bots.
    .filter((line) => !/^(muster init|tctl bots)/.test(line));
  const [host] = await listHosts(started);
  let sentBeforeResume = -1;

  for (const line of lines) {
    if (line.startsWith('sudo systemctl enable')) {
      started.start('scheduler');
      started.start('worker');
      await eventually(
        'everything is read',
        async () => (await statusOf(started)).sweep.verdict === 'complete',
      );
      continue;
    }
    if (line.startsWith('muster resume')) sentBeforeResume = started.report().commands.sent;
    const { code, stderr } = await type(started, line.replace('i-0123456789abcdef0', host?.id ?? ''));
    expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
    if (line.startsWith('muster resume')) await untilAllJoined(started);
  }

  expect(sentBeforeResume).toBe(0);
  expect(lines.filter((line) => line.startsWith('tctl create'))).toHaveLength(2);
  expect(started.report()).toMatchObject({ joined: 40, installs: { perInstance: { 1: 40 }, whileLive: 0 } });
  // No call was refused but those that are tried on the chance that they are granted.
  const denied = Object.entries(started.report().calls).filter(([, calls]) => calls.denied > 0);
  expect(denied.map(([api]) => api).filter((api) => !OPTIONAL_APIS.has(api))).toEqual([]);
});

test("run --once with init's own files and exactly its permissions ends complete", async () => {
  const started = await startWorld(['--token-accounts=accounts.txt']);
  for (const file of ['token.yaml', 'inventory.yaml']) {
    expect(await type(started, `tctl create -f teleport/${file}`)).toMatchObject({ code: 0 });
  }
  expect(await type(started, 'muster resume --all')).toMatchObject({ code: 0 });

  const { code, stdout } = await started.cli('run', '--once', '--json');

  expect(code).toBe(0);
  const status = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Parameters<typeof refereeFaults>[1];
  expect(refereeFaults(started.report(), status)).toEqual([]);
  expect(status.instances.byState).toEqual({ joined: 40 });
});

test('the document that init writes installs and joins, as it is', async () => {
  const options = ['--document=TeleportDiscoveryInstaller'];
  const written = await init(
    `--organization=${ORGANIZATION}`,
    '--proxy=teleport.example.com:443',
    '--dir=document',
    ...options,
  );
  expect(written.code).toBe(0);
  const content = readFileSync(join(folder, 'document/ssm/TeleportDiscoveryInstaller.yaml'), 'utf8');
  const started = await startWorld(options, new Map([['TeleportDiscoveryInstaller', content]]));
  await type(started, 'tctl create -f teleport/token.yaml');
  await type(started, 'muster resume --all');

  const { code } = await started.cli('run', '--once', '--json');

  expect(code).toBe(0);
  expect(started.report()).toMatchObject({ joined: 40, installs: { perInstance: { 1: 40 }, whileLive: 0 } });
  const documents = (await listCommands(started)).map((command) => command.documentName);
  expect([...new Set(documents)]).toEqual(['TeleportDiscoveryInstaller']);
});
