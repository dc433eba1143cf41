import type { Command } from 'commander';
import { ulid } from 'ulid';
import { AccountId, Region } from '@muster/core/organization/ids';
import {
  isWhole,
  type RequestedSweep,
  requestSweep,
  type SweepScope,
} from '@muster/core/organization/request-sweep';
import { awaitReadings } from '../await-readings.ts';
import { type CommandContext, CommandError, EXIT } from '../command-context.ts';
import { createMissingNotice } from '../count-processes.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';

interface Options {
  readonly account?: string;
  readonly region?: string;
  readonly wait?: boolean;
}

/** `muster sweep`: reads now what would be read later. Without filters it begins a new sweep. */
export function addSweepCommand(program: Command, context: CommandContext): void {
  program
    .command('sweep')
    .description('scan now')
    .option('--account <id>', 'one account')
    .option('--region <region>', 'one region')
    .option('--wait', 'until all of it was read; exit code 0 complete, 2 partial, 1 failed')
    .action(async (options: Options) => {
      const scope = scopeOf(options);
      const config = readConfig(context.env, context.configOption());
      const wait = options.wait === true;
      await withLedger(
        config,
        async (ledger, clock) => {
          const begun = await requestSweep({ ledger, newId: () => ulid(clock.now()) }, scope);
          if (scope.accountId !== null && begun.accounts === 0) {
            throw new CommandError(
              EXIT.failed,
              `--account ${scope.accountId}: no active account of that id is in scope. muster sweep lists the organization again`,
            );
          }
          process.stdout.write(`${describe(begun, scope)}\n`);
          if (!wait) return;
          const verdict = await awaitReadings(
            { ledger, clock },
            scope,
            begun.sinceMs,
            createMissingNotice(config),
          );
          context.exit(verdict === 'complete' ? EXIT.ok : verdict === 'partial' ? EXIT.partial : EXIT.failed);
        },
        wait ? 'patient' : 'fail-fast',
      );
    });
}

/** What the options narrow the sweep to. Exit code 64 for what is no id. */
function scopeOf({ account, region }: Options): SweepScope {
  const accountId = account === undefined ? null : AccountId.safeParse(account);
  if (accountId?.success === false) {
    throw new CommandError(EXIT.usage, `--account ${account}: an AWS account id has 12 digits`);
  }
  const parsedRegion = region === undefined ? null : Region.safeParse(region);
  if (parsedRegion?.success === false) {
    throw new CommandError(EXIT.usage, `--region ${region}: an AWS region looks like eu-west-1`);
  }
  return { accountId: accountId?.data ?? null, region: parsedRegion?.data ?? null };
}

function describe({ accounts, targets, closed }: RequestedSweep, scope: SweepScope): string {
  if (isWhole(scope) && accounts === 0) {
    return 'no account is known yet: the organization is listed now, and its targets are read as they are found';
  }
  const among = `${closed} ${closed === 1 ? 'account' : 'accounts'} that could not be entered`;
  return `${targets} targets${closed === 0 ? '' : ` and ${among}`} are due now`;
}
