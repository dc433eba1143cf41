import { Command, CommanderError } from 'commander';
import { messageOf } from '@muster/core/runtime/errors';
import manifest from '../package.json' with { type: 'json' };
import type { ApiOptions } from './api/api-address.ts';
import { type CommandContext, CommandError, EXIT } from './command-context.ts';
import { decideColor } from './guarded-output.ts';
import { verbOf } from './verb-of.ts';
import { VERB_GROUPS } from './verbs.ts';

/**
 * The commands that a command line asks for: loading the others doubles the time of a start. None when it asks for none, for
 * help lists them all and a slip names the nearest by the table alone.
 */
function commandsFor(argv: readonly string[]): typeof VERB_GROUPS {
  const verb = verbOf(argv);
  // It speaks of all of them.
  if (verb === 'completion') return VERB_GROUPS;
  const topic = verb === 'help' ? verbOf(argv.slice(argv.indexOf('help') + 1)) : verb;
  return VERB_GROUPS.filter(({ verbs }) => Object.hasOwn(verbs, topic));
}

/** Adds the commands of a command line, or the names of all with what each does. */
async function addCommands(
  program: Command,
  context: CommandContext,
  argv: readonly string[],
): Promise<void> {
  const asked = commandsFor(argv);
  for (const { load } of asked) (await load())(program, context);
  if (asked.length > 0) return;
  for (const { verbs } of VERB_GROUPS) {
    for (const [verb, summary] of Object.entries(verbs)) program.command(verb).description(summary);
  }
}

/** Verbs that ask a scheduler's API where one is named. */
const BY_API: ReadonlySet<string> = new Set([
  'status',
  'accounts',
  'instances',
  'findings',
  'coverage',
  'waves',
  'explain',
  'mcp',
  'audit',
  'retry',
  'pause',
  'resume',
  'cancel',
  'sweep',
  'approve',
]);
/** Verbs that never ask anything of Redis by themselves, or are the processes: they take no notice of MUSTER_URL. */
const OF_THIS_MACHINE: ReadonlySet<string> = new Set([
  'scheduler',
  'worker',
  'run',
  'init',
  'config',
  'version',
  'completion',
]);

/** Exit code 64 for a verb that no API answers, where a scheduler was named: it would act on another installation. */
function refuseUrl(verb: string, { apiOptions, env }: CommandContext): void {
  const { url } = apiOptions();
  const isNamed = url !== undefined || (!OF_THIS_MACHINE.has(verb) && (env['MUSTER_URL'] ?? '') !== '');
  if (BY_API.has(verb) || !isNamed) return;
  throw new CommandError(
    EXIT.usage,
    `muster ${verb} works with the configuration, Redis or AWS, and not through the API: run it without ${url === undefined ? 'MUSTER_URL' : '--url'} where Muster’s configuration is. Through the API go ${[...BY_API].join(', ')}.`,
  );
}

/** `muster config diff` is the verb `config`. */
function verbOfAction(action: Command): string {
  const { parent } = action;
  return parent === null || parent.parent === null ? action.name() : verbOfAction(parent);
}

/** Runs one command line; resolves with the exit code of docs/cli.md. */
export async function main(argv: readonly string[], env: CommandContext['env']): Promise<number> {
  const program = new Command('muster')
    .description('Enrolls every matching EC2 instance of an AWS Organization into Teleport, and keeps it so.')
    .option('--config <file>', 'configuration (default: MUSTER_CONFIG, else ./muster.yaml)')
    .option('--url <url>', 'ask the API of this scheduler instead of Redis (MUSTER_URL)')
    .option('--token-file <file>', 'with --url: the file of an API token (MUSTER_TOKEN_FILE)')
    .option('--ca-file <file>', 'with --url: certificates of an authority of your own, in PEM')
    .option('--color', 'color lists, also where the output is no terminal')
    .option('--no-color', 'never color')
    .version(`muster ${manifest.version}`, '-V, --version', 'print the release; muster version says more')
    .showHelpAfterError('(muster --help lists the commands)')
    .exitOverride();
  let exitCode: number = EXIT.ok;
  const context: CommandContext = {
    env,
    configOption: () => program.opts<{ config?: string }>().config,
    apiOptions: () => program.opts<ApiOptions>(),
    exit: (code) => {
      exitCode = code;
    },
  };
  await addCommands(program, context, argv);
  program.hook('preAction', (_, action) => {
    refuseUrl(verbOfAction(action), context);
    decideColor(program.opts<{ color?: boolean }>().color, process.stdout, env);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return await report(error);
  }
}

async function report(error: unknown): Promise<number> {
  // commander has printed its own message; only its kind matters here.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  // Redis lets a connection in and refuses a single command all the same.
  const { refusedEntry } = await import('@muster/core/redis/redis-fault');
  const refused = refusedEntry(error);
  const message = refused === null ? messageOf(error) : `${refused.problem}. ${refused.remedy}`;
  process.stderr.write(`muster: ${message}\n`);
  return EXIT.failed;
}
