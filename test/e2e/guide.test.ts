import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@muster/testing/eventually';
import type { MusterSystem } from '@muster/testing/muster-system';
import { refereeFaults } from '@muster/testing/referee';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blocksOf, commandsOf, readGuide } from '../repo/guide-blocks.ts';
import { type Desk, INSTANCES, openDesk } from './desk.ts';
import { listCommands, listHosts } from './simulated-commands.ts';

/** Used when they are granted, or asked for by the doctor; a refusal is only noted. */
const OPTIONAL_APIS = new Set([
  'organizations:ListAccounts',
  'ssm:ListCommands',
  'ssm:CancelCommand',
  'ssm:GetServiceSetting',
  'ec2:DescribeRegions',
  'ssm:DescribeDocument',
  'organizations:DescribeOrganization',
]);

let desk: Desk;

beforeEach(() => {
  desk = openDesk();
});
afterEach(() => desk.close());

interface Status {
  readonly sweep: { readonly verdict: string | null };
  readonly instances: { readonly byState: Readonly<Record<string, number>> };
}

async function statusOf(started: MusterSystem): Promise<Status> {
  const { stdout } = await started.cli('status', '--json');
  return JSON.parse(stdout) as Status;
}

async function untilAllJoined(started: MusterSystem): Promise<void> {
  await eventually(
    'every instance has joined',
    async () => (await statusOf(started)).instances.byState['joined'] === started.report().instances,
    90_000,
  );
}

/** Writes the installer that the guide shows beside init's files. */
function writeInstaller(): void {
  const block = blocksOf(readGuide('README.md')).find(({ text }) => text.startsWith('# installer.yaml\n'));
  writeFileSync(join(desk.folder, 'muster-setup/installer.yaml'), block?.text ?? '');
}

test('the guide, line by line, on an organization with its roles: nothing is sent before resume, then all is enrolled', async () => {
  const started = await desk.start([]);
  writeInstaller();
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
    // An account and an instance of this world instead of the guide's: a scope that is not there is refused.
    const own = line
      .replace('i-0123456789abcdef0', host?.id ?? '')
      .replace('444455556666', host?.account ?? '');
    const { code, stderr } = await desk.type(own);
    expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
    if (line.startsWith('muster resume')) await untilAllJoined(started);
  }

  expect(sentBeforeResume).toBe(0);
  expect(lines.filter((line) => line.startsWith('tctl create'))).toHaveLength(4);
  expect(started.report()).toMatchObject({
    joined: INSTANCES,
    installs: { perInstance: { 1: INSTANCES }, whileLive: 0 },
  });
  // No call was refused but those that are tried on the chance that they are granted.
  const denied = Object.entries(started.report().calls).filter(([, calls]) => calls.denied > 0);
  expect(denied.map(([api]) => api).filter((api) => !OPTIONAL_APIS.has(api))).toEqual([]);
});

test("run --once with init's own files and exactly its permissions ends complete", async () => {
  const started = await desk.start(['--token-accounts=accounts.txt']);
  for (const file of ['token.yaml', 'inventory.yaml']) {
    expect(await desk.type(`tctl create -f teleport/${file}`)).toMatchObject({ code: 0 });
  }
  expect(await desk.type('muster resume --all')).toMatchObject({ code: 0 });

  const { code, stdout } = await started.cli('run', '--once', '--json');

  expect(code).toBe(0);
  const status = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Parameters<typeof refereeFaults>[1];
  expect(refereeFaults(started.report(), status)).toEqual([]);
  expect(status.instances.byState).toEqual({ joined: INSTANCES });
  const sent = await listCommands(started);
  expect([...new Set(sent.map(({ documentName }) => documentName))]).toEqual(['MusterInstaller']);
});

test("with Amazon's own document instead, every host is enrolled by the command itself", async () => {
  const started = await desk.start(['--document=AWS-RunShellScript']);
  await desk.type('tctl create -f teleport/token.yaml');
  await desk.type('muster resume --all');

  const { code } = await started.cli('run', '--once', '--json');

  expect(code).toBe(0);
  expect(started.report()).toMatchObject({
    joined: INSTANCES,
    installs: { perInstance: { 1: INSTANCES }, whileLive: 0 },
  });
  const documents = (await listCommands(started)).map((command) => command.documentName);
  expect([...new Set(documents)]).toEqual(['AWS-RunShellScript']);
});

test('an installer of one’s own, as the guide shows it, is what hosts run, and they join', async () => {
  const started = await desk.start([]);
  writeInstaller();
  for (const file of ['installer.yaml', 'teleport/token.yaml', 'teleport/inventory.yaml']) {
    expect(await desk.type(`tctl create -f ${file}`)).toMatchObject({ code: 0 });
  }
  const config = join(desk.folder, 'muster-setup/muster.yaml');
  const named = readFileSync(config, 'utf8').replace(/^( *)install:$/m, '$&\n$1  script_name: own-installer');
  writeFileSync(config, named);
  expect((await desk.type('muster doctor --local')).stdout).toMatch(
    /ok +installer \S+own-installer: a script for \/bin\/sh/,
  );
  expect(await desk.type('muster resume --all')).toMatchObject({ code: 0 });

  const { code } = await started.cli('run', '--once', '--json');

  expect(code).toBe(0);
  expect(started.report().joined).toBe(INSTANCES);
  const scripts = (await listCommands(started)).map(({ parameters }) => parameters['scriptName']);
  expect(scripts.length).toBeGreaterThan(0);
  expect(scripts.filter((names) => names?.[0] !== 'own-installer')).toEqual([]);
});
