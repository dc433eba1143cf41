import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readTextFile } from '@muster/core/config/source/read-text-file';
import type { Ledger } from '@muster/core/control/ledger';
import { AccountId } from '@muster/core/organization/ids';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { dhmcFiles } from '../init/dhmc/files.ts';
import { type LackingTarget, mergeTargets, readTargets, unitOf } from '../init/dhmc/targets.ts';
import { HOME_REGIONS } from '../init/settings.ts';
import { writeOrRefuse } from '../init/write-or-refuse.ts';
import { withLedger } from '../open-ledger.ts';

interface Options {
  readonly dir?: string;
  readonly managementAccount?: string;
  readonly force?: boolean;
}

/** `muster init dhmc`: what switches Default Host Management Configuration on, for exactly the targets that lack it by the ledger. */
export function addDhmcCommand(init: Command, context: CommandContext): void {
  init
    .command('dhmc')
    .description(
      'write a StackSet and Terraform that switch Default Host Management Configuration on where hosts lack it',
    )
    .option('--dir <folder>', 'where to write')
    .option('--management-account <id>', 'leave it out of the StackSet, which never reaches it')
    .option('--force', 'replace files that are different; targets that an earlier run wrote stay')
    .addHelpText('after', examplesText('muster init dhmc --dir dhmc'))
    .action(async (_: Options, command: Command) => {
      // Of the options that both have, the parent takes what is given.
      const options = command.optsWithGlobals<Options>();
      const { dir: folder = '', managementAccount = null } = options;
      const faults = [
        ...(folder === '' ? ['--dir is missing: the folder to write to'] : []),
        ...(managementAccount === null || AccountId.safeParse(managementAccount).success
          ? []
          : [`--management-account ${JSON.stringify(managementAccount)}: an AWS account id has 12 digits`]),
      ];
      if (faults.length > 0) throw new CommandError(EXIT.usage, faults.map(asFault).join('\n'));
      const config = readConfig(context.env, context.configOption());
      const targets = mergeTargets(await withLedger(config, lackingTargets), earlierTargets(folder));
      if (targets.length === 0) {
        throw new CommandError(
          EXIT.failed,
          'nothing was written: no scan has found an account and region that lacks Default Host Management Configuration and has hosts which it could win. Muster knows where it may ask (ssm:GetServiceSetting; muster doctor says whether it may).',
        );
      }
      const partition = config.matchers[0]?.partition ?? 'aws';
      const homeRegion = HOME_REGIONS[partition];
      const files = dhmcFiles({ targets, partition, homeRegion, managementAccount });
      writeOrRefuse('init dhmc', folder, files, options.force === true);
      context.exit(EXIT.ok);
    });
}

/** By the ledger. An account that is no longer known is in no unit that a StackSet could reach. */
async function lackingTargets(ledger: Ledger): Promise<readonly LackingTarget[]> {
  const lacking = await ledger.hostManagement.lacking();
  const ids = [...new Set(lacking.map(({ accountId }) => accountId))];
  const accounts = await Promise.all(ids.map((id) => ledger.coverage.account(id)));
  const units = new Map(ids.map((id, at) => [id, unitOf(accounts[at]?.account.ancestorIds ?? [])]));
  return lacking.map((one) => ({ ...one, unit: units.get(one.accountId) ?? null }));
}

function earlierTargets(folder: string): readonly LackingTarget[] {
  const file = join(folder, 'targets.json');
  if (!existsSync(file)) return [];
  const reading = readTextFile(file);
  const targets = reading.ok ? readTargets(reading.text) : null;
  if (targets !== null) return targets;
  throw new CommandError(
    EXIT.failed,
    `nothing was written: ${file} is not as muster init dhmc writes it, so what it switched on is not known. Give another --dir, or move it away.`,
  );
}

function asFault(fault: string): string {
  return `muster init dhmc: ${fault}`;
}
