import type { CompletedCommand, CompletedOption } from './command-tree.ts';

/** A script that completes `muster` in fish. */
export function fishScript(tree: readonly CompletedCommand[]): string {
  return `${['complete -c muster -f', ...tree.flatMap((command) => linesOf(command, tree))].join('\n')}\n`;
}

function linesOf(command: CompletedCommand, tree: readonly CompletedCommand[]): readonly string[] {
  const place = conditionOf(command);
  const here = [`complete -c muster -n ${quoted(place)}`];
  const verbs = command.verbs.map((verb) => {
    const below = tree.find(({ path }) => path.join(' ') === [...command.path, verb].join(' '));
    return `${here.join('')} -a ${verb} -d ${quoted(below?.description ?? '')}`;
  });
  // Options of the program may stand before every verb, and after it.
  const options = command.options.map((option) =>
    command.path.length === 0
      ? `complete -c muster ${flagsOf(option)}`
      : `${here.join('')} ${flagsOf(option)}`,
  );
  const { argument } = command;
  const words =
    argument === null || argument === 'free'
      ? []
      : [argument === 'file' ? '-F' : `-a ${quoted(argument.join(' '))}`];
  return [...verbs, ...options, ...words.map((word) => `${here.join('')} ${word}`)];
}

/** Where the verbs and options of a command stand: its own words were typed, and none of a verb below it. */
function conditionOf({ path, verbs }: CompletedCommand): string {
  if (path.length === 0) return '__fish_use_subcommand';
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = verbs.length === 0 ? [] : [`not __fish_seen_subcommand_from ${verbs.join(' ')}`];
  return [...seen, ...below].join('; and ');
}

function flagsOf({ flags, description, values }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const takes =
    values === null
      ? []
      : values === 'file'
        ? ['-r -F']
        : [values === 'free' ? '-x' : `-x -a ${quoted(values.join(' '))}`];
  return [...names, ...takes, `-d ${quoted(description)}`].join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
