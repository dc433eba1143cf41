/** What an act of an operator touches is told before it is done; at a terminal the operator is asked when it is much. */
import { createInterface } from 'node:readline';
import { printScope, type Scope } from '@muster/core/control/scope';
import { type Act, describeTouched, type Touched } from '@muster/core/control/touched-hosts';
import type { Command } from 'commander';
import { CommandError, EXIT } from './command-context.ts';
import { examplesText } from './examples-text.ts';

/** Options that every act takes. */
export interface ActOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** An act, as it is told before it is done. */
export interface ToldAct {
  /** Decides whether the operator is asked. */
  readonly hosts: number;
  /** For people, a sentence a line. */
  readonly lines: readonly string[];
  /** For `--json`, which adds `dryRun` and `done`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Where the operator sits. */
export interface Seat {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
  /** Where the question and what is told go: `output` is the command's result. */
  readonly errors: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** An act on more hosts is asked about. */
const ASK_ABOVE_HOSTS = 20;

const HERE: Seat = { input: process.stdin, output: process.stdout, errors: process.stderr };

/** Adds `--dry-run`, `--yes` and `--json` to an act. */
export function withActOptions(command: Command): Command {
  return command
    .option('--dry-run', 'say what it would touch, and do nothing')
    .option(
      '--yes',
      `at a terminal: do not ask, whatever it touches (without it: above ${ASK_ABOVE_HOSTS} hosts)`,
    )
    .option('--json', 'what it touches, and whether it was done, as one line of JSON');
}

/** The end of an act's help. */
export function examples(...lines: readonly string[]): string {
  return [
    '',
    'It says first how many hosts and accounts it touches, on standard error. Without a terminal it does not',
    'ask: a script that must stop at a number compares it with that of --dry-run --json.',
    examplesText(...lines),
  ].join('\n');
}

/** What one of the acts on a scope touches. @param more what the act has beside its hosts */
export function tellTouched(
  act: Act,
  scope: Scope,
  touched: Touched,
  more: {
    readonly commands?: number;
    readonly ends?: readonly string[];
    readonly stillPaused?: readonly string[];
  } = {},
): ToldAct {
  const { commands, ends, stillPaused = [] } = more;
  return {
    hosts: touched.hosts,
    lines: [
      describeTouched(touched),
      ...(commands === undefined || commands === 0
        ? []
        : [`They have ${commands} live ${commands === 1 ? 'command' : 'commands'}.`]),
      ...(ends === undefined || ends.length === 0 ? [] : [`It ends ${ends.join('; ')}.`]),
      ...(stillPaused.length === 0 ? [] : [`Still paused after it: ${stillPaused.join(', ')}.`]),
    ],
    fields: {
      act,
      scope: printScope(scope),
      hosts: touched.hosts,
      accounts: touched.accounts,
      someAccounts: touched.some,
      ...more,
    },
  };
}

/**
 * Tells what an act touches, and whether to do it: false for `--dry-run`. At a terminal, above 20 hosts and without `--yes`,
 * the operator is asked; another answer than yes ends the command with exit code 1. Where there is no terminal the act is
 * done: a script asks for what it types, and a pause must not wait for an option that its author did not know.
 */
export async function mayAct(told: ToldAct, options: ActOptions, seat: Seat = HERE): Promise<boolean> {
  const isDry = options.dryRun === true;
  const text = `${told.lines.join('\n')}\n`;
  if (isDry) {
    seat.output.write(options.json === true ? jsonLine(told, { dryRun: true, done: false }) : text);
    return false;
  }
  const isAtTerminal = seat.input.isTTY === true && seat.errors.isTTY === true;
  if (options.json !== true || isAtTerminal) seat.errors.write(text);
  if (!isAtTerminal || options.yes === true || told.hosts <= ASK_ABOVE_HOSTS) return true;
  seat.errors.write('Go on? [y/N] ');
  const answer = await readLine(seat.input);
  if (/^y(es)?$/i.test(answer.trim())) return true;
  throw new CommandError(EXIT.failed, 'Nothing was done.');
}

/** Prints what an act has done. @param reached figures that are known only now, in place of those told before */
export function printDone(
  told: ToldAct,
  options: ActOptions,
  sentence: string,
  reached: object = {},
  output: NodeJS.WritableStream = process.stdout,
): void {
  const fields = { ...told.fields, ...reached };
  output.write(options.json === true ? jsonLine({ fields }, { dryRun: false, done: true }) : `${sentence}\n`);
}

function jsonLine({ fields }: Pick<ToldAct, 'fields'>, state: { dryRun: boolean; done: boolean }): string {
  return `${JSON.stringify({ ...fields, ...state })}\n`;
}

/** Empty when the input ends. The terminal stays as it is, so that Ctrl-C ends the command as it ends any other. */
function readLine(input: NodeJS.ReadableStream): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const lines = createInterface({ input, terminal: false });
  lines.once('line', (line) => {
    resolve(line);
    lines.close();
  });
  lines.once('close', () => {
    resolve('');
  });
  return promise;
}
