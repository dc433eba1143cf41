import { ORGANIZATION_MEMBER } from '@muster/core/domain/due';
import { AccountId, Region } from '@muster/core/domain/ids';
import { targetId } from '@muster/core/domain/target';
import type { Ledger } from '@muster/core/ports/ledger';
import type { Command } from 'commander';
import { ulid } from 'ulid';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';

interface Options {
  readonly account?: string;
  readonly region?: string;
  readonly wait?: boolean;
}

const LOOK_MS = 500;

/** `muster sweep`: reads now what would be read later. Without filters it begins a new sweep. */
export function addSweepCommand(program: Command, context: CommandContext): void {
  program
    .command('sweep')
    .description('scan now')
    .option('--account <id>', 'one account')
    .option('--region <region>', 'one region')
    .option('--wait', 'until the sweep has finished; exit code 0 complete, 2 partial, 1 failed')
    .action(async (options: Options) => {
      checkFilters(options);
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async (ledger) => {
        const count = await begin(ledger, options);
        process.stdout.write(`${count} targets are due now\n`);
        if (options.wait === true) context.exit(await waitForEnd(ledger));
      });
    });
}

function checkFilters(options: Options): void {
  if (options.account !== undefined && !AccountId.safeParse(options.account).success) {
    throw new CommandError(EXIT.usage, `--account ${options.account}: an AWS account id has 12 digits`);
  }
  if (options.region !== undefined && !Region.safeParse(options.region).success) {
    throw new CommandError(EXIT.usage, `--region ${options.region}: an AWS region looks like eu-west-1`);
  }
}

async function begin(ledger: Ledger, options: Options): Promise<number> {
  const now = Date.now();
  const whole = options.account === undefined && options.region === undefined;
  const accounts = await Promise.all(
    (await ledger.coverage.accountIds()).map((id) => ledger.coverage.account(id)),
  );
  const members = accounts
    .flatMap((known) =>
      (known?.regions ?? []).map((region) => ({ accountId: known?.account.accountId, region })),
    )
    .filter(({ accountId }) => options.account === undefined || accountId === options.account)
    .filter(({ region }) => options.region === undefined || region === options.region)
    .flatMap(({ accountId, region }) => (accountId === undefined ? [] : [targetId({ accountId, region })]));
  if (whole) {
    await ledger.coverage.startSweep(ulid(now), now);
    await ledger.due.schedule('accounts', [{ member: ORGANIZATION_MEMBER, atMs: now }]);
  }
  await ledger.due.schedule(
    'scan',
    members.map((member) => ({ member, atMs: now })),
  );
  return members.length;
}

async function waitForEnd(ledger: Ledger): Promise<0 | 1 | 2> {
  for (;;) {
    const sweep = await ledger.coverage.sweep(Date.now());
    if (sweep !== null && sweep.finishedAtMs !== null) {
      return sweep.verdict === 'complete'
        ? EXIT.ok
        : sweep.verdict === 'partial'
          ? EXIT.partial
          : EXIT.failed;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}
