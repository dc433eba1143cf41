import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { AccountId, Region } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Command } from 'commander';
import { ulid } from 'ulid';
import { awaitReadings } from '../await-readings.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { createMissingNotice } from '../missing-notice.ts';
import { withLedger } from '../open-ledger.ts';
import { readConfig } from '../read-config.ts';
import { includesTarget, isWhole, type SweepScope } from '../sweep-scope.ts';
import type { KnownAccount } from '@muster/core/organization/coverage-store';
import type { Ledger } from '@muster/core/control/ledger';

interface Options extends SweepScope {
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
      checkFilters(options);
      const config = readConfig(context.env, context.configOption());
      const wait = options.wait === true;
      await withLedger(
        config,
        async (ledger, clock) => {
          const begun = await begin({ ledger, clock }, options);
          process.stdout.write(`${describe(begun)}\n`);
          if (!wait) return;
          const verdict = await awaitReadings(
            { ledger, clock },
            options,
            begun.sinceMs,
            createMissingNotice(config),
          );
          context.exit(verdict === 'complete' ? EXIT.ok : verdict === 'partial' ? EXIT.partial : EXIT.failed);
        },
        wait ? 'patient' : 'fail-fast',
      );
    });
}

function checkFilters(options: SweepScope): void {
  if (options.account !== undefined && !AccountId.safeParse(options.account).success) {
    throw new CommandError(EXIT.usage, `--account ${options.account}: an AWS account id has 12 digits`);
  }
  if (options.region !== undefined && !Region.safeParse(options.region).success) {
    throw new CommandError(EXIT.usage, `--region ${options.region}: an AWS region looks like eu-west-1`);
  }
}

/** What was made due. */
interface Begun {
  /** Since when a reading counts, in the ledger's time (epoch ms). */
  readonly sinceMs: number;
  readonly targets: number;
  /** Nothing is known of the organization yet: it is listed first. */
  readonly first: boolean;
  /** Accounts that could not be entered, and so have no targets to read. */
  readonly closed: number;
}

function describe({ first, targets, closed }: Begun): string {
  if (first) {
    return 'no account is known yet: the organization is listed now, and its targets are read as they are found';
  }
  const accounts = `${closed} ${closed === 1 ? 'account' : 'accounts'} that could not be entered`;
  return `${targets} targets${closed === 0 ? '' : ` and ${accounts}`} are due now`;
}

async function begin(
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
  scope: SweepScope,
): Promise<Begun> {
  const atMs = clock.now();
  const whole = isWhole(scope);
  // First of all: a target that becomes known later is read later, and one that is known already is made due below.
  const sinceMs = await (whole
    ? ledger.coverage.startSweep(ulid(atMs), atMs)
    : ledger.coverage.wantReadings(atMs));
  const accounts = await activeAccounts(ledger, scope);
  if (scope.account !== undefined && accounts.length === 0) {
    throw new CommandError(
      EXIT.failed,
      `--account ${scope.account}: no active account of that id is in scope. muster sweep lists the organization again`,
    );
  }
  const denials = await Promise.all(
    accounts.map(({ account }) => ledger.coverage.readDenied(account.accountId)),
  );
  const targets = accounts
    .filter((_, index) => denials[index] === null)
    .flatMap(({ account: { accountId }, regions }) =>
      (regions ?? []).map((region): Target => ({ accountId, region })),
    )
    .filter((target) => includesTarget(scope, target));
  if (whole) await ledger.due.schedule('accounts', [{ member: ORGANIZATION_MEMBER, atMs }]);
  // A role that was fixed, and a region that was turned on, show in the account's regions only.
  await ledger.due.schedule(
    'regions',
    accounts.map(({ account }) => ({ member: account.accountId, atMs })),
  );
  await ledger.due.schedule(
    'scan',
    targets.map((target) => ({ member: targetId(target), atMs })),
  );
  return {
    sinceMs,
    first: whole && accounts.length === 0,
    targets: targets.length,
    closed: denials.filter((denial) => denial !== null).length,
  };
}

async function activeAccounts(ledger: Ledger, scope: SweepScope): Promise<readonly KnownAccount[]> {
  const ids = await ledger.coverage.accountIds();
  const wanted = ids.filter((id) => scope.account === undefined || id === scope.account);
  const known = await Promise.all(wanted.map((id) => ledger.coverage.account(id)));
  return known.filter((one) => one !== null).filter(({ account }) => account.state === 'ACTIVE');
}
