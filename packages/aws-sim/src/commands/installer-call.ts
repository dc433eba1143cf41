import { readPipelines, type SimpleCommand, type Variables } from './shell-words.ts';

/** What a command tells a host to install. */
export interface InstallerCall {
  /** Address of the installer script, as written. */
  readonly url: string;
  /** Name of the join token: the script's first argument; empty when there is none. */
  readonly token: string;
  /** Whether a failed download fails the command (`curl --fail`); otherwise the error page is run as a script. */
  readonly failsOnHttpError: boolean;
}

const INSTALLER_URL = /^https?:\/\/[^\s]+\/webapi\/scripts\/installer\/[^\s/]+$/u;
const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh']);
const MAX_DEPTH = 5;

/**
 * Finds the installer that shell text downloads and runs, and the argument it is given: `curl URL | bash -s TOKEN`,
 * `curl -o FILE URL; sh FILE TOKEN`, also inside `bash -c '…'`, behind `sudo`, with quotes and variables resolved as a
 * shell would. `saved` are files that an earlier step fetched. Null when the text downloads no installer or never runs it.
 */
export function findInstallerCall(
  text: string,
  saved: ReadonlyMap<string, Download> = new Map(),
): InstallerCall | null {
  return search(text, new Map(), new Map(saved), 0);
}

/** Something fetched. */
export interface Download {
  readonly url: string;
  readonly failsOnHttpError: boolean;
}

function search(
  text: string,
  variables: Variables,
  files: Map<string, Download>,
  depth: number,
): InstallerCall | null {
  if (depth > MAX_DEPTH) return null;
  for (const pipeline of readPipelines(text, variables)) {
    let piped: Download | undefined;
    for (const command of pipeline) {
      const words = withoutPrefixes(command.words);
      const shell = shellCall(words);
      if (shell !== null) {
        const found = runShell(shell, piped, files, variables, depth);
        if (found !== null) return found;
      }
      const download = readDownload(command, words);
      if (download === null) continue;
      const { file, ...what } = download;
      if (file === undefined) piped = what;
      else files.set(file, what);
    }
  }
  return null;
}

function runShell(
  shell: ShellCall,
  piped: Download | undefined,
  files: Map<string, Download>,
  variables: Variables,
  depth: number,
): InstallerCall | null {
  if (shell.script !== undefined) {
    const inner: Variables = new Map(variables);
    for (const [i, value] of shell.args.entries()) inner.set(String(i), value);
    return search(shell.script, inner, files, depth + 1);
  }
  if (shell.file === undefined) {
    return piped === undefined ? null : { ...piped, token: shell.args[0] ?? '' };
  }
  const saved = files.get(shell.file);
  return saved === undefined ? null : { ...saved, token: shell.args[0] ?? '' };
}

/** Drops `sudo -E`, `env A=b`, `timeout 60` and similar words from the front. */
function withoutPrefixes(words: readonly string[]): readonly string[] {
  let rest = words;
  for (;;) {
    const name = baseName(rest[0] ?? '');
    if (!['sudo', 'env', 'nohup', 'timeout', 'nice'].includes(name)) return rest;
    let skip = 1;
    while (
      skip < rest.length &&
      ((rest[skip] ?? '').startsWith('-') || /^(\w+=.*|\d+[smh]?)$/u.test(rest[skip] ?? ''))
    ) {
      skip += 1;
    }
    rest = rest.slice(skip);
  }
}

interface ShellCall {
  /** Text of `-c`. */
  readonly script: string | undefined;
  /** File that is run; undefined when the script comes from standard input. */
  readonly file: string | undefined;
  /** Arguments; those of `-c` start with `$0`. */
  readonly args: readonly string[];
}

function shellCall(words: readonly string[]): ShellCall | null {
  const name = baseName(words[0] ?? '');
  if (!SHELLS.has(name)) {
    // A downloaded file may also be run by its name.
    const file = words[0];
    return file?.includes('/') === true ? { script: undefined, file, args: words.slice(1) } : null;
  }
  let at = 1;
  let fromInput = false;
  let hasText = false;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      at += 1;
      break;
    }
    if (!/^[-+]\w/u.test(word)) break;
    if (word === '-o' || word === '+o' || /^-[a-z]*o$/u.test(word)) at += 1;
    if (/^-[a-z]*c/u.test(word)) hasText = true;
    if (/^-[a-z]*s/u.test(word)) fromInput = true;
  }
  if (hasText) return { script: words[at] ?? '', file: undefined, args: words.slice(at + 1) };
  if (fromInput || at >= words.length || words[at] === '-') {
    return { script: undefined, file: undefined, args: words.slice(words[at] === '-' ? at + 1 : at) };
  }
  return { script: undefined, file: words[at], args: words.slice(at + 1) };
}

function readDownload(
  command: SimpleCommand,
  words: readonly string[],
): (Download & { readonly file: string | undefined }) | null {
  const name = baseName(words[0] ?? '');
  if (name !== 'curl' && name !== 'wget') return null;
  const url = words.find((word) => INSTALLER_URL.test(word));
  if (url === undefined) return null;
  let file = command.outputs[0];
  let failsOnHttpError = name === 'wget';
  for (const [i, word] of words.entries()) {
    if (/^(-[a-zA-Z]*o|--output|-O|--output-document)$/u.test(word) && !(name === 'curl' && word === '-O')) {
      file = words[i + 1];
    }
    if (word.startsWith('--output=')) file = word.slice(9);
    if (word === '--fail' || word === '--fail-with-body' || /^-[a-zA-Z]*f[a-zA-Z]*$/u.test(word)) {
      failsOnHttpError = true;
    }
  }
  return { url, failsOnHttpError, file: file === '-' ? undefined : file };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
