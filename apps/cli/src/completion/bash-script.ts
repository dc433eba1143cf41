import type { CompletedCommand, CompletedOption, Values } from './command-tree.ts';

/**
 * A script that completes `muster` in bash 3.2 or newer, and in zsh by its `bashcompinit`. Every word stands in it, so that a
 * press of Tab starts no process.
 */
export function bashScript(tree: readonly CompletedCommand[]): string {
  const options = optionsOf(tree);
  const valued = options.filter(({ values }) => values !== null);
  const below = tree.filter(({ path }) => path.length > 0);
  return `_muster() {
  local cur prev path word words i IFS=$' \\t\\n'
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  [[ $cur == '=' ]] && cur=
  [[ $prev == '=' ]] && prev=\${COMP_WORDS[COMP_CWORD-2]}
  path=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case \${COMP_WORDS[i-1]} in ${flagsOf(valued)}) continue ;; esac
    case "$path/$word" in
      ${below.map(({ path }) => `/${path.join('/')}`).join(' | ')}) path="$path/$word" ;;
    esac
  done
  words=
  case $prev in
${byValues(valued)}
    *)
      case $path in
${tree.map(caseOfCommand).join('\n')}
      esac
      ;;
  esac
  if [[ $words == '<file>' ]]; then
    IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}
complete -o filenames -F _muster muster
`;
}

/** The same for zsh. */
export function zshScript(tree: readonly CompletedCommand[]): string {
  return `autoload -Uz compinit bashcompinit
(( \${+functions[compdef]} )) || compinit
bashcompinit
${bashScript(tree)}`;
}

/** Each option once, by its flags: what one of them takes, it takes at every verb. */
function optionsOf(tree: readonly CompletedCommand[]): readonly CompletedOption[] {
  return [
    ...new Map(tree.flatMap((command) => command.options).map((one) => [one.flags.join(), one])).values(),
  ];
}

function flagsOf(options: readonly CompletedOption[]): string {
  return [...new Set(options.flatMap(({ flags }) => flags))].join(' | ');
}

/** Options with the same words after them, together. */
function byValues(options: readonly CompletedOption[]): string {
  const groups = Map.groupBy(options, ({ values }) => wordsOf(values));
  return [...groups].map(([words, group]) => `    ${flagsOf(group)}) words='${words}' ;;`).join('\n');
}

function caseOfCommand({ path, verbs, options, argument }: CompletedCommand): string {
  const place = path.length === 0 ? "''" : `/${path.join('/')}`;
  const flags = options.flatMap((option) => option.flags.filter((flag) => flag.startsWith('--')));
  const words = [...new Set([...verbs, ...(Array.isArray(argument) ? argument : []), ...flags])].join(' ');
  // A file is completed where no option has begun.
  const file = argument === 'file' ? " ; [[ $cur == -* ]] || words='<file>'" : '';
  return `        ${place}) words='${words}'${file} ;;`;
}

function wordsOf(values: Values | null): string {
  if (values === 'file') return '<file>';
  return values === null || values === 'free' ? '' : values.join(' ');
}
