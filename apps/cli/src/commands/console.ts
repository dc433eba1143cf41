import { type Command, Option } from 'commander';
import { consoleUrl } from '@muster/core/config/console-reach';
import type { MusterConfig } from '@muster/core/config/model';
import { LINK_LIFE_MS } from '@muster/core/control/access/link-store';
import { type Role, ROLES } from '@muster/core/control/access/role';
import { commandActor } from '../act-by-command.ts';
import { type CommandContext, type Environment, EXIT, readConfig } from '../command-context.ts';
import { examplesText } from '../examples-text.ts';
import { withLedger } from '../open-ledger.ts';

/** `muster console login`: a one-time link, for an operator who reaches Redis, and so may act anyway. */
export function addConsoleCommand(program: Command, context: CommandContext): void {
  program
    .command('console')
    .description('the page in the browser')
    .addHelpText('after', examplesText('muster console login'))
    .command('login')
    .description('print a link that signs a browser in, once, within ten minutes')
    .addOption(new Option('--role <role>', 'what the browser may do').choices(ROLES).default('operator'))
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      examplesText('muster console login', 'xdg-open "$(muster console login --role admin)"'),
    )
    .action(async (options: { readonly role: Role; readonly json?: boolean }) => {
      const config = readConfig(context.env, context.configOption());
      const url = await makeSignInLink(config, options.role, context.env);
      if (options.json === true) {
        const validForSeconds = LINK_LIFE_MS / 1_000;
        process.stdout.write(`${JSON.stringify({ url, role: options.role, validForSeconds })}\n`);
      } else {
        process.stderr.write(
          `It works once, within ten minutes, and signs a browser in as ${options.role}:\n`,
        );
        process.stdout.write(`${url}\n`);
      }
      context.exit(EXIT.ok);
    });
}

/** Makes a one-time link into the console, in the name of the one who types, and notes that in the audit. */
export async function makeSignInLink(config: MusterConfig, role: Role, env: Environment): Promise<string> {
  const actor = commandActor(env);
  const { name } = actor.by;
  const secret = await withLedger(config, async ({ access, audit }) => {
    const made = await access.links.make({ name, role });
    await audit.append({
      ...actor,
      act: 'sign-in',
      scope: '',
      dryRun: null,
      basis: null,
      result: 'begun',
      detail: `a link for one sign-in as ${role}`,
      reason: '',
    });
    return made;
  });
  return `${consoleUrl(config.console)}/auth/link/${secret}`;
}
