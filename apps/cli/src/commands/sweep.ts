import type { Command } from 'commander';
import { ulid } from 'ulid';
import type { Actor } from '@muster/core/control/audit/audit-entry';
import type { Ledger } from '@muster/core/control/ledger';
import {
  type Coverage,
  COVERAGE_STATUSES,
  type CoverageStatus,
  sweepVerdict,
} from '@muster/core/organization/coverage';
import type { KnownAccount } from '@muster/core/organization/coverage-store';
import {
  includesAccount,
  includesTarget,
  isWhole,
  type RequestedSweep,
  requestSweep,
  type SweepScope,
} from '@muster/core/organization/request-sweep';
import type { SweepView } from '@muster/core/organization/sweep-store';
import type { Target } from '@muster/core/organization/target';
import type { Clock } from '@muster/core/runtime/clock-port';
import { plural } from '@muster/core/runtime/wording';
import type { ApiClient } from '../api/api-client.ts';
import { openApi } from '../api/open-api.ts';
import { commandActor } from '../act-by-command.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { createMissingNotice } from '../count-processes.ts';
import { examplesText } from '../examples-text.ts';
import { withLedger } from '../open-ledger.ts';
import { parseId } from '../parse-ids.ts';

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
    .addHelpText('after', examplesText('muster sweep', 'muster sweep --account 111122223333 --wait'))
    .action(async (options: Options) => {
      const scope = scopeOf(options);
      const client = await openApi(context);
      if (client !== null) return sweepByApi(client, scope, options);
      const config = readConfig(context.env, context.configOption());
      const wait = options.wait === true;
      await withLedger(
        config,
        async (ledger, clock) => {
          const begun = await requestSweep({ ledger, newId: () => ulid(clock.now()) }, scope);
          if (scope.accountId !== null && begun.accounts === 0) {
            throw new CommandError(
              EXIT.usage,
              `--account ${scope.accountId}: no active account of that id is in scope. muster sweep lists the organization again`,
            );
          }
          await noteSweep(ledger, commandActor(context.env), scope, begun);
          process.stdout.write(`${describe(begun, scope)}\n`);
          if (!wait) return;
          const verdict = await awaitReadings(
            { ledger, clock },
            scope,
            begun.sinceMs,
            createMissingNotice(config),
          );
          process.stdout.write(`${await describeEnd(ledger, scope, verdict)}\n`);
          context.exit(verdict === 'complete' ? EXIT.ok : verdict === 'partial' ? EXIT.partial : EXIT.failed);
        },
        wait ? 'patient' : 'fail-fast',
      );
    });
}

async function sweepByApi(client: ApiClient, scope: SweepScope, { wait }: Options): Promise<void> {
  const { accountId, region } = scope;
  if (wait === true || (accountId !== null && region !== null)) {
    const what = wait === true ? '--wait' : '--account with --region';
    throw new CommandError(EXIT.usage, `muster sweep ${what} does not go through the API: leave it out`);
  }
  const { actByApi } = await import('../api/act-by-api.ts');
  const text = accountId === null ? (region === null ? 'all' : `region:${region}`) : `account:${accountId}`;
  // It reads, and touches no host: there is nothing to ask about.
  await actByApi(client, { kind: 'sweep', selection: { scope: text } }, { yes: true });
}

/** An account and a region together are no scope of an action, so a sweep is told of here. */
async function noteSweep(
  { audit }: Pick<Ledger, 'audit'>,
  actor: Actor,
  { accountId, region }: SweepScope,
  begun: RequestedSweep,
): Promise<void> {
  const parts = [
    ...(accountId === null ? [] : [`account:${accountId}`]),
    ...(region === null ? [] : [`region:${region}`]),
  ];
  await audit.append({
    ...actor,
    act: 'sweep',
    scope: parts.length === 0 ? 'all' : parts.join(' '),
    dryRun: null,
    basis: null,
    result: 'done',
    detail: `${plural(begun.targets, 'target')} in ${plural(begun.accounts, 'account')} are read now`,
    reason: '',
  });
}

/** What the options narrow the sweep to. Exit code 64 for what is no id. */
function scopeOf({ account, region }: Options): SweepScope {
  return {
    accountId: account === undefined ? null : parseId('account', account),
    region: region === undefined ? null : parseId('region', region),
  };
}

function describe({ accounts, targets, closed }: RequestedSweep, scope: SweepScope): string {
  if (isWhole(scope) && accounts === 0) {
    return 'no account is known yet: the organization is listed now, and its targets are read as they are found';
  }
  const among = `${plural(closed, 'account')} that could not be entered`;
  const are = targets === 1 && closed === 0 ? 'is' : 'are';
  return `${plural(targets, 'target')}${closed === 0 ? '' : ` and ${among}`} ${are} due now`;
}

/** What a wait ended with, and where to look when not all of it was read. */
async function describeEnd(
  { coverage }: Pick<Ledger, 'coverage'>,
  scope: SweepScope,
  verdict: NonNullable<SweepView['verdict']>,
): Promise<string> {
  if (verdict === 'complete') return 'complete: all of it was read';
  const unread = (await coverage.unread({ withPending: true })).filter(
    ({ place }) =>
      (scope.accountId === null || place.startsWith(scope.accountId)) &&
      (scope.region === null || place.endsWith(`.${scope.region}`) || !place.includes('.')),
  );
  const accounts = unread.filter(({ isAccount }) => isAccount).length;
  const parts = [
    ...(accounts > 0 ? [plural(accounts, 'account')] : []),
    ...(unread.length > accounts ? [plural(unread.length - accounts, 'target')] : []),
  ];
  const what = parts.length === 0 ? 'the list of accounts' : parts.join(' and ');
  return `${verdict}: ${what} could not be read (muster coverage says why)`;
}

const LOOK_MS = 500;
/** Looks between two calls of `whileWaiting`. */
const LOOKS = 10;

/**
 * Waits until all of a scope was read since a moment: its accounts' regions, its targets, and for the whole
 * organization its accounts too.
 *
 * @param sinceMs see `CoverageLedger.startSweep`
 * @param whileWaiting called every few seconds, the first time after the first look
 * @returns the verdict on the scope; of the whole organization it is the sweep's own
 */
async function awaitReadings(
  deps: { readonly ledger: Pick<Ledger, 'coverage'>; readonly clock: Clock },
  scope: SweepScope,
  sinceMs: number,
  whileWaiting: () => Promise<void>,
): Promise<NonNullable<SweepView['verdict']>> {
  for (let look = 0; ; look += 1) {
    const verdict = await verdictSince(deps, scope, sinceMs);
    if (verdict !== null) return verdict;
    if (look % LOOKS === 0) await whileWaiting();
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

/** Null as long as something was not read. */
async function verdictSince(
  { ledger, clock }: { readonly ledger: Pick<Ledger, 'coverage'>; readonly clock: Clock },
  scope: SweepScope,
  sinceMs: number,
): Promise<SweepView['verdict']> {
  // Looked at first, for it costs little. What is denied or off does not keep a sweep from ending; it is due now all the same.
  if (isWhole(scope) && (await ledger.coverage.sweep(clock.now()))?.verdict === null) return null;
  const ids = (await ledger.coverage.accountIds()).filter((accountId) => includesAccount(scope, accountId));
  const known = await Promise.all(ids.map((accountId) => ledger.coverage.account(accountId)));
  const accounts = known.filter((one) => one !== null);
  const unresolved = accounts.some(
    ({ account, resolvedAtMs }) => account.state === 'ACTIVE' && (resolvedAtMs ?? 0) < sinceMs,
  );
  if (unresolved) return null;
  const counts = Object.fromEntries(COVERAGE_STATUSES.map((status) => [status, 0])) as Record<
    CoverageStatus,
    number
  >;
  let total = 0;
  for (const coverage of await coveragesOf(ledger, scope, accounts)) {
    if (coverage.attemptedAtMs === null || coverage.attemptedAtMs < sinceMs) return null;
    counts[coverage.status] += 1;
    total += 1;
  }
  if (!isWhole(scope)) return sweepVerdict({ ...counts, total }, true);
  return (await ledger.coverage.sweep(clock.now()))?.verdict ?? null;
}

/** How a scope was last read. Only a whole organization is read as a whole: one account's few targets are asked for. */
async function coveragesOf(
  { coverage }: Pick<Ledger, 'coverage'>,
  scope: SweepScope,
  accounts: readonly KnownAccount[],
): Promise<readonly Coverage[]> {
  if (isWhole(scope)) return (await coverage.all()).map((one) => one.coverage);
  const ofAccounts = await Promise.all(
    accounts.map(async ({ account: { accountId }, regions }) => {
      const denied = await coverage.readDenied(accountId);
      if (denied !== null) return [denied];
      const targets = (regions ?? []).map((region): Target => ({ accountId, region }));
      const read = await Promise.all(
        targets.filter((target) => includesTarget(scope, target)).map((target) => coverage.read(target)),
      );
      return read.filter((one) => one !== null);
    }),
  );
  return ofAccounts.flat();
}
