/** An organization whose roles are the ones that `muster init` wrote: the policies themselves, loaded into the simulator's IAM. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PolicyDocument } from '@muster/aws-sim/iam/policy';
import type { AwsSimOptions } from '@muster/aws-sim/start';
import type { WorldFile } from '@muster/aws-sim/world/file';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { type CommandResult, MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';

/** The guide's own values. */
const ORGANIZATION = 'o-a1b2c3d4e5';
const EXTERNAL_ID = 'muster-0123456789abcdef0123456789abcdef';
const DISCOVERY_ACCOUNT = '111122223333';
/** What an instance must carry to be enrolled. */
const MATCH_TAGS = { env: 'prod' };
/** Every instance of the world that does. */
export const INSTANCES = 40;

/** A folder in which a test follows the guide. */
export interface Desk {
  readonly folder: string;
  /** `muster init`, without anything in the environment. */
  init(...args: readonly string[]): Promise<CommandResult>;
  /** A file below `muster-setup`. */
  read(path: string): string;
  /**
   * Writes the files, starts the organization with their roles and document and an empty Teleport, and points the
   * configuration at it. Only instances with the world's tags are asked for, and allowed to the role.
   */
  start(options: readonly string[], partition?: WorldFile['partition']): Promise<MusterSystem>;
  /** One line of the guide, as its reader would type it in the folder that init wrote. */
  type(line: string): Promise<CommandResult>;
  close(): Promise<void>;
}

/** An empty desk, and the file that the guide makes by `aws organizations list-accounts`. */
export function openDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'muster-guide-'));
  let system: MusterSystem | null = null;
  const writeAccounts = (ids: readonly string[]): void => {
    writeFileSync(join(folder, 'accounts.txt'), `${ids.join('\t')}\n`);
  };
  // Until the world is there, and its accounts are known.
  writeAccounts([DISCOVERY_ACCOUNT]);

  const desk: Desk = {
    folder,
    init: (...args) =>
      runProgram([MUSTER_ENTRY, 'init', ...args], { env: { PATH: process.env['PATH'] }, cwd: folder }),
    read: (path) => readFileSync(join(folder, 'muster-setup', path), 'utf8'),
    start: async (options, partition = 'aws') => {
      const base = [
        `--organization=${ORGANIZATION}`,
        `--external-id=${EXTERNAL_ID}`,
        `--discovery-account=${DISCOVERY_ACCOUNT}`,
        '--dir=muster-setup',
        ...Object.entries(MATCH_TAGS).map(([key, value]) => `--tag=${key}=${value}`),
        ...options,
      ];
      // Roles and document first: they do not depend on the proxy, whose address is known only later.
      const roles = await desk.init(...base, '--proxy=teleport.example.com:443');
      if (roles.code !== 0) throw new Error(roles.stderr);
      const started = await startSystem({
        world: worldOfRoles(desk, partition),
        teleport: { tokens: [] },
        schedulers: 0,
        workers: 0,
      });
      system = started;
      writeAccounts(started.aws.world.accounts.map((account) => account.id));
      const final = await desk.init(...base, `--proxy=${started.facts.proxyAddress}`, '--force');
      if (final.code !== 0) throw new Error(final.stderr);
      configureSystem(desk, started);
      return started;
    },
    type: (line) => {
      if (system === null) throw new Error('nothing was started');
      const [word = '', ...args] = (line.match(/"[^"]*"|\S+/g) ?? []).map((part) => part.replaceAll('"', ''));
      const program = word === 'tctl' ? system.facts.tctl : MUSTER_ENTRY;
      return runProgram([program, ...args], { env: system.env, cwd: join(folder, 'muster-setup') });
    },
    close: async () => {
      await system?.close();
      rmSync(folder, { recursive: true });
    },
  };
  return desk;
}

/** Four accounts and the one that workers run in, a delegated administrator; the roles are init's policies, word for word. */
function worldOfRoles(desk: Desk, partition: WorldFile['partition']): AwsSimOptions {
  const policy = (path: string): PolicyDocument => JSON.parse(desk.read(path)) as PolicyDocument;
  return {
    world: {
      name: 'roles of muster init',
      organizationId: ORGANIZATION,
      partition,
      matchTags: MATCH_TAGS,
      generate: { accounts: 4, regions: 2, instances: INSTANCES },
      accounts: [{ id: DISCOVERY_ACCOUNT, name: 'discovery' }],
      access: {
        principalAccountId: DISCOVERY_ACCOUNT,
        delegatedAdministrators: [DISCOVERY_ACCOUNT],
        discoveryRole: 'muster-discovery',
        policies: {
          discovery: policy('iam/discovery-policy.json'),
          member: policy('iam/member-policy.json'),
          memberTrust: policy('iam/member-trust.json'),
        },
      },
      documents: documentOf(desk),
    },
  };
}

/** The document of init's that is deployed in every account and region; none with Amazon's own. */
function documentOf(desk: Desk): Readonly<Record<string, string>> {
  const name = /document_name: (.*)/.exec(desk.read('muster.yaml'))?.[1] ?? '';
  return name === 'AWS-RunShellScript' ? {} : { [name]: desk.read(`ssm/${name}.yaml`) };
}

/** init's muster.yaml as it is, but for the folder of the identity; what is left is what the environment may say. */
function configureSystem(desk: Desk, started: MusterSystem): void {
  const machineId = join(desk.folder, 'machine-id');
  mkdirSync(machineId, { recursive: true });
  writeFileSync(join(machineId, 'identity'), 'simulated');
  const file = join(desk.folder, 'muster-setup/muster.yaml');
  writeFileSync(file, desk.read('muster.yaml').replaceAll('/opt/machine-id', machineId));
  const bin = join(desk.folder, 'bin');
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
