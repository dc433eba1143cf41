import { type Command, Option } from 'commander';
import type { MusterConfig } from '@muster/core/config/model';
import { formatDuration, parseDuration } from '@muster/core/config/value-shapes';
import { revokeToken } from '@muster/core/control/access/revoke-token';
import { type Role, ROLES } from '@muster/core/control/access/role';
import { faultOfUserName } from '@muster/core/control/access/users-file';
import type { Ledger } from '@muster/core/control/ledger';
import { faultOfScope } from '@muster/core/control/known-scope';
import { parseScope, printScope } from '@muster/core/control/scope';
import { commandActor } from '../act-by-command.ts';
import { type CommandContext, CommandError, EXIT, readConfig } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { type ListOptions, readListOptions, withListOptions } from '../lists/list.ts';
import { printList } from '../lists/print-list.ts';
import { lineOfToken, TOKEN_LIST } from '../lists/token-list.ts';
import { withLedger } from '../open-ledger.ts';

const DAY_MS = 86_400_000;
const LONGEST_MS = 366 * DAY_MS;

interface CreateOptions {
  readonly role: Role;
  readonly scope: string;
  readonly expires: string;
  readonly json?: boolean;
}

/** `muster api-token`: what programs ask the API by. */
export function addApiTokenCommand(program: Command, context: CommandContext): void {
  const tokens = program
    .command('api-token')
    .description('tokens by which programs ask the API')
    .addHelpText('after', examplesText('muster api-token create prometheus'));
  tokens
    .command('create <name>')
    .description('make a token and print it, once: Redis holds its hash alone')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).default('viewer'))
    .option('--scope <scope>', 'what it may act on, such as account:111122223333; it reads everything', 'all')
    .option('--expires <duration>', 'how long it is good for, at most 366d', '90d')
    .option('--json', 'one line of JSON, with its id')
    .addHelpText(
      'after',
      examplesText(
        'muster api-token create prometheus',
        'muster api-token create ci --role operator --expires 12h > token',
      ),
    )
    .action((name: string, options: CreateOptions) => create(context, name, options));
  withListOptions(tokens.command('list').description('tokens that are in force'), TOKEN_LIST)
    .addHelpText('after', examplesText('muster api-token list --sort expiresAt'))
    .action(async (options: ListOptions) => {
      const request = readListOptions(TOKEN_LIST, options);
      const config = readConfig(context.env, context.configOption());
      await withLedger(config, async ({ access }, clock) => {
        await printList(TOKEN_LIST, request, (await access.tokens.list()).map(lineOfToken), clock.now());
      });
      context.exit(EXIT.ok);
    });
  tokens
    .command('revoke <token>')
    .description('end a token, by its id or its name, at once')
    .addHelpText('after', examplesText('muster api-token revoke prometheus'))
    .action(async (idOrName: string) => {
      const config = readConfig(context.env, context.configOption());
      const revoked = await withLedger(config, (ledger) =>
        revokeToken(ledger, idOrName, commandActor(context.env)),
      );
      if (revoked.length === 0) {
        throw new CommandError(
          EXIT.failed,
          `there is no token ${JSON.stringify(idOrName)}: muster api-token list has them`,
        );
      }
      process.stdout.write(`revoked ${revoked.map(({ id, name }) => `${name} (${id})`).join(', ')}\n`);
      context.exit(EXIT.ok);
    });
}

async function create(context: CommandContext, name: string, options: CreateOptions): Promise<void> {
  const fault = faultOfUserName(name);
  if (fault !== null) {
    throw new CommandError(EXIT.usage, `${JSON.stringify(name)} ${fault.replace('of a user', 'of a token')}`);
  }
  const lifeMs = lifeOf(options.expires);
  const config: MusterConfig = readConfig(context.env, context.configOption());
  const { secret, token } = await withLedger(config, async (ledger) => {
    const scope = parseScope(options.scope);
    const unknown =
      scope === null ? `--scope ${options.scope}: there is no such scope` : await faultOfScope(ledger, scope);
    if (scope === null || unknown !== null) throw new CommandError(EXIT.usage, unknown ?? '');
    const taken = (await ledger.access.tokens.list()).some((one) => one.name === name);
    if (taken) {
      throw new CommandError(EXIT.usage, `there is a token ${name} already: revoke it, or take another name`);
    }
    const by = commandActor(context.env).by.name;
    const made = await ledger.access.tokens.make({
      name,
      role: options.role,
      scope: printScope(scope),
      by,
      lifeMs,
    });
    await note(
      ledger,
      context,
      `made ${made.token.id} ${name}, ${options.role}, ${options.scope}, for ${options.expires}`,
    );
    return made;
  });
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ ...lineOfToken(token), token: secret })}\n`);
  } else {
    process.stderr.write(
      `${name} (${token.id}) is a ${token.role} for ${options.expires}. The token is not shown again:\n`,
    );
    process.stdout.write(`${secret}\n`);
  }
  context.exit(EXIT.ok);
}

/** Days too, which configuration files have no unit for. */
function lifeOf(text: string): number {
  const days = /^(\d{1,3})d$/.exec(text)?.[1];
  const ms = days === undefined ? (parseDuration(text) ?? 0) : Number(days) * DAY_MS;
  if (ms >= 60_000 && ms <= LONGEST_MS) return ms;
  throw new CommandError(
    EXIT.usage,
    `--expires ${text}: must be from ${formatDuration(60_000)} to 366d, such as 12h or 90d`,
  );
}

async function note(ledger: Pick<Ledger, 'audit'>, context: CommandContext, detail: string): Promise<void> {
  await ledger.audit.append({
    ...commandActor(context.env),
    act: 'token',
    scope: '',
    dryRun: null,
    basis: null,
    result: 'done',
    detail,
    reason: '',
  });
}
