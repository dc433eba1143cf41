import { hostname, userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { consoleUrl } from '@muster/core/config/console-reach';
import type { MusterConfig } from '@muster/core/config/model';
import { LINK_LIFE_MS } from '@muster/core/control/access/link-store';
import type { Role } from '@muster/core/control/access/role';
import { examplesText } from '../examples-text.ts';
import { type CommandContext, EXIT, readConfig } from '../command-context.ts';
import { withLedger } from '../open-ledger.ts';

/** `muster console login`: a one-time link, for an operator who reaches Redis, and so may act anyway. */
export function addConsoleCommand(program: Command, context: CommandContext): void {
  const console = program
    .command('console')
    .description('the page in the browser')
    .addHelpText('after', examplesText('muster console login', 'muster console login --role viewer'));
  console
    .command('login')
    .description('print a link that signs a browser in, once, within ten minutes')
    .addOption(
      new Option('--role <role>', 'what the browser may do')
        .choices(['viewer', 'operator', 'admin'])
        .default('operator'),
    )
    .option('--json', 'one line of JSON')
    .addHelpText(
      'after',
      '\nThe link is the only thing on standard output.\n\nExamples:\n  muster console login\n  xdg-open "$(muster console login --role admin)"',
    )
    .action(async (options: { readonly role: Role; readonly json?: boolean }) => {
      const config = readConfig(context.env, context.configOption());
      const url = await makeSignInLink(config, options.role);
      if (options.json === true) {
        process.stdout.write(
          `${JSON.stringify({ url, role: options.role, validForSeconds: LINK_LIFE_MS / 1_000 })}\n`,
        );
      } else {
        process.stderr.write(
          `It works once, within ten minutes, and signs a browser in as ${options.role}:\n`,
        );
        process.stdout.write(`${url}\n`);
      }
      context.exit(EXIT.ok);
    });
}

/** Makes a one-time link into the console, in the name of this machine's user. */
export async function makeSignInLink(config: MusterConfig, role: Role): Promise<string> {
  const secret = await withLedger(config, ({ access }) => access.links.make({ name: whoAmI(), role }));
  return `${consoleUrl(config.console)}/auth/link/${secret}`;
}

function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run under a user id without a name.
    return `uid ${process.getuid?.()}@${hostname()}`;
  }
}
