import type { Command } from 'commander';
import type { Ledger } from '@muster/core/control/ledger';
import type { KnownAccount } from '@muster/core/organization/coverage-store';
import type { AccountId } from '@muster/core/organization/ids';
import type { Clock } from '@muster/core/runtime/clock-port';
import { messageOf } from '@muster/core/runtime/errors';
import type { Matcher } from '@muster/core/scan/matcher';
import { matchersOfAccount } from '@muster/core/scan/matcher-scope';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { accountsToken } from '../init/teleport-resources.ts';
import { withLedger } from '../open-ledger.ts';
import { holdsAlready, whyNotWritable, writeNamedFile } from '../write-named-file.ts';

/**
 * `muster token`: the join tokens with every account that the matchers cover now, so that a token which lists accounts
 * keeps in step with the organization. Reads the ledger alone: no credentials, no call to AWS.
 */
export function addTokenCommand(program: Command, context: CommandContext): void {
  program
    .command('token')
    .description('the join token, listing every account that is covered now (for tctl create -f)')
    .option('--file <file>', 'write it there instead of to standard output')
    .addHelpText('after', examplesText('muster token | tctl create -f'))
    .action(async (options: { file?: string }) => {
      const config = readConfig(context.env, context.configOption());
      const accounts = await withLedger(config, readAccounts);
      const text = tokensOf(config.matchers, accounts);
      if (options.file === undefined) process.stdout.write(text);
      else writeToken(options.file, text);
      context.exit(EXIT.ok);
    });
}

/** Every account in scope. An incomplete list is refused: hosts of an account that is missing from it could not join. */
async function readAccounts(ledger: Ledger, clock: Clock): Promise<readonly KnownAccount[]> {
  const [sweep, findings] = await Promise.all([
    ledger.coverage.sweep(clock.now()),
    ledger.control.findings(),
  ]);
  const failure = findings.find(({ kind }) => kind === 'account-list-failed');
  if (failure !== undefined) throw new CommandError(EXIT.failed, `${failure.message} ${failure.remedy}`);
  if (sweep === null || sweep.finishedAtMs === null) {
    const state = sweep === null ? 'nothing was read yet' : 'the organization is being read';
    throw new CommandError(EXIT.failed, `${state}: run muster sweep --wait first`);
  }
  const ids = await ledger.coverage.accountIds();
  const known = await Promise.all(ids.map((id) => ledger.coverage.account(id)));
  return known.filter((account) => account !== null);
}

/** One document per token name, in file order of the matchers. */
function tokensOf(matchers: readonly Matcher[], accounts: readonly KnownAccount[]): string {
  const allowed = new Map<string, AccountId[]>();
  for (const { account } of accounts) {
    if (account.state !== 'ACTIVE') continue;
    for (const token of new Set(joinTokensOf(matchers, account))) {
      const list = allowed.get(token);
      if (list === undefined) allowed.set(token, [account.accountId]);
      else list.push(account.accountId);
    }
  }
  if (allowed.size === 0) throw new CommandError(EXIT.failed, 'no active account is covered by a matcher');
  return [...allowed].map(([name, ids]) => accountsToken(name, ids.toSorted())).join('---\n');
}

function joinTokensOf(matchers: readonly Matcher[], account: KnownAccount['account']): readonly string[] {
  const named = matchersOfAccount(matchers, account, null);
  // An account that no organization and no role ARN names is known because the credentials belong to it.
  const owners = named.length > 0 ? named : matchers.filter(({ role }) => role.kind === 'ambient');
  return owners.map(({ install }) => install.joinToken);
}

function writeToken(file: string, text: string): void {
  const problem = whyNotWritable(file);
  if (problem !== null) throw new CommandError(EXIT.failed, `--file ${file}: ${problem}`);
  try {
    const isSame = holdsAlready(file, text);
    if (!isSame) writeNamedFile(file, text);
    process.stdout.write(`${isSame ? 'same   ' : 'written'}  ${file}\n`);
  } catch (error) {
    throw new CommandError(EXIT.failed, `--file ${file}: ${messageOf(error)}`);
  }
}
