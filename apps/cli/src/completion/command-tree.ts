import type { Command, Option } from 'commander';
import { AUDIT_ACTS } from '@muster/core/control/audit/audit-entry';
import { CAUSES } from '@muster/core/enrollment/cause';
import { ENROLLMENT_STATES } from '@muster/core/enrollment/record';

/** What may stand after a word: a file, one of some words, or what nothing knows. */
export type Values = 'file' | 'free' | readonly string[];

/** An option as a shell completes it. */
export interface CompletedOption {
  /** `-o` and `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Null for one that takes no value. */
  readonly values: Values | null;
}

/** A verb, or the program itself, as a shell completes it. */
export interface CompletedCommand {
  /** Words from the first verb on; empty for the program. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly verbs: readonly string[];
  /** What its first argument may be; null without one. */
  readonly argument: Values | null;
}

/** Options whose words are known, though the parser takes others: a newer release may have written one. */
const KNOWN_WORDS: Readonly<Record<string, readonly string[]>> = {
  state: ENROLLMENT_STATES,
  cause: Object.keys(CAUSES),
  act: AUDIT_ACTS,
  output: ['table', 'json', 'csv'],
};
const FILES = /^(file|files|folder|old|new)$/;

/** The program and every verb below it, each with its own options. */
export function commandTree(command: Command, path: readonly string[] = []): readonly CompletedCommand[] {
  const help = command.createHelp();
  const verbs = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  const [argument] = command.registeredArguments;
  const completed = {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(completedOption),
    verbs: verbs.map((verb) => verb.name()),
    argument: argument === undefined ? null : valuesOf(argument.name(), argument.argChoices),
  };
  return [completed, ...verbs.flatMap((verb) => commandTree(verb, [...path, verb.name()]))];
}

function completedOption(option: Option): CompletedOption {
  const takesValue = option.required || option.optional;
  const [, value = ''] = /[<[]([^\]>.]+)/.exec(option.flags) ?? [];
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    values: takesValue ? (KNOWN_WORDS[option.attributeName()] ?? valuesOf(value, option.argChoices)) : null,
  };
}

function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined && choices.length > 0) return choices;
  return FILES.test(name) ? 'file' : 'free';
}
