import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '@muster/core/config/load-config';
import { readTextFile } from '@muster/core/config/source/read-text-file';
import { OPTIONAL_MEMBER_ACTIONS } from '@muster/core/organization/aws-actions';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, CommandError, EXIT } from '../command-context.ts';
import { initFiles } from '../init/init-files.ts';
import { DEFAULT_MEMBER_ROLE, type InitOptions, readSettings } from '../init/read-settings.ts';
import { DEFAULT_DOCUMENT, type InitFile } from '../init/settings.ts';
import { writeOrRefuse } from '../init/write-or-refuse.ts';
import { addDhmcCommand } from './init-dhmc.ts';

interface Options extends InitOptions {
  readonly tokenAccounts?: string;
  readonly only?: readonly string[];
  readonly force?: boolean;
}

/** `muster init`: the guide's files, made for one organization and one cluster. Contacts nothing. */
export function addInitCommand(program: Command, context: CommandContext): void {
  const each = (value: string, list: readonly string[] = []): readonly string[] => [...list, value];
  const init = program
    .command('init')
    .description('write tokens, IAM roles, templates, configuration and services for an organization')
    .addHelpText(
      'after',
      examplesText(
        'muster init --organization o-a1b2c3d4e5 --proxy teleport.example.com:443 --dir muster-setup',
      ),
    )
    .option('--organization <id>', 'the AWS Organization: o-…')
    .option('--proxy <host:port>', 'the Teleport proxy')
    .option('--dir <folder>', 'where to write')
    .option('--discovery-account <id>', 'account that workers run in; without it the templates ask for it')
    .option('--discovery-role <name>', 'role that workers run as (default: muster-discovery)')
    .option('--role-name <name>', `role in every account (default: ${DEFAULT_MEMBER_ROLE})`)
    .option(
      '--external-id <text>',
      'external id of that role (default: the one already in DIR, else a random one)',
    )
    .option('--token-accounts <file>', 'list these accounts in the join token instead of the organization')
    .option(
      '--document <name>',
      `name of the SSM document that is written, the only one that the role in every account may send (default: the one already in DIR, else ${DEFAULT_DOCUMENT}); AWS-RunShellScript needs to be made nowhere, and lets the role run anything`,
    )
    .option('--partition <name>', 'aws, aws-us-gov or aws-cn (default: that of the regions)')
    .option('--region <region>', 'read this region, may be repeated (default: every enabled one)', each)
    .option(
      '--tag <key=value>',
      'only instances with this tag, for the role as well, may be repeated (default: all)',
      each,
    )
    .option('--account-tag <key=value>', 'only accounts that have this tag themselves, may be repeated', each)
    .option(
      '--with <action>',
      `let the role in every account do this as well, may be repeated: ${Object.keys(OPTIONAL_MEMBER_ACTIONS).join(', ')}`,
      each,
    )
    .option('--only <file>', 'write this file of them only, may be repeated', each)
    .option('--force', 'replace files that are different')
    .action((options: Options) => {
      const { folder, files } = readRequest(options);
      writeOrRefuse('init', folder, files, options.force === true);
      context.exit(EXIT.ok);
    });
  addDhmcCommand(init, context);
}

function readRequest(options: Options): { readonly folder: string; readonly files: readonly InitFile[] } {
  const faults: string[] = [];
  const folder = options.dir ?? '';
  const chosen = (options.only ?? []).map((path) => path.replace(/^\.\//, ''));
  const kept = readKept(folder, options.externalId === undefined, faults);
  const staysAsItIs = chosen.length > 0 && !chosen.includes('muster.yaml');
  const reading = readSettings(options, {
    tokenAccounts: readAccountsFile(options.tokenAccounts, faults),
    externalId: options.externalId ?? kept.externalId ?? `muster-${randomBytes(16).toString('hex')}`,
    markerKey: randomBytes(32).toString('hex'),
    documentName: kept.documentName,
    readsAccountTags: staysAsItIs && kept.readsAccountTags,
    removesNodes: staysAsItIs && kept.removesNodes,
  });
  if (!reading.ok) throw refusal([...faults, ...reading.faults]);
  const all = initFiles(reading.settings);
  for (const path of chosen) {
    if (!all.some((file) => file.path === path)) {
      faults.push(`--only ${JSON.stringify(path)}: one of ${all.map((file) => file.path).join(', ')}`);
    }
  }
  if (faults.length > 0) throw refusal(faults);
  return { folder, files: chosen.length === 0 ? all : all.filter((file) => chosen.includes(file.path)) };
}

/** What the configuration that is there already says. */
interface Kept {
  /** Deployed roles require the external id of the first run, so it is kept. */
  readonly externalId: string | null;
  /** Deployed roles may send this one only. */
  readonly documentName: string | null;
  readonly readsAccountTags: boolean;
  readonly removesNodes: boolean;
}

function readKept(folder: string, needsExternalId: boolean, faults: string[]): Kept {
  const none: Kept = { externalId: null, documentName: null, readsAccountTags: false, removesNodes: false };
  const file = join(folder, 'muster.yaml');
  if (folder === '' || !existsSync(file) || !statSync(file).isFile()) return none;
  const parsed = loadConfig(file, {});
  if (!parsed.ok) {
    if (needsExternalId) {
      faults.push(
        `--external-id is missing, and ${file} cannot be read for it (muster config check ${file})`,
      );
    }
    return none;
  }
  const { matchers, cleanup } = parsed.config;
  const role = matchers[0]?.role;
  return {
    externalId: role === undefined || role.kind === 'ambient' ? null : role.externalId,
    documentName: matchers[0]?.install.documentName ?? null,
    readsAccountTags: matchers.some(({ accountTags }) => accountTags !== undefined),
    removesNodes: cleanup.enabled,
  };
}

function readAccountsFile(path: string | undefined, faults: string[]): string | null {
  if (path === undefined) return null;
  const reading = readTextFile(path);
  if (reading.ok) return reading.text;
  faults.push(`--token-accounts ${path}: ${reading.problem}`);
  return null;
}

function refusal(faults: readonly string[]): CommandError {
  return new CommandError(EXIT.usage, faults.map((fault) => `muster init: ${fault}`).join('\n'));
}
