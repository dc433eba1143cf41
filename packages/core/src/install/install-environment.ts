import type { InstallSettings } from '../scan/matcher.ts';
import { quoteForShell, shellWord } from './shell-quote.ts';

type Variable = readonly [name: string, value: string];

/**
 * Assignments for a shell's `export`, each value in single quotes; null when there is nothing to set. The names are
 * Teleport's: its installer reads the first two, curl and the agent the others.
 */
export function exportedAssignments(settings: InstallSettings): string | null {
  return join(variables(settings), quoteForShell);
}

/**
 * The `env` parameter of a custom document, in the format it declares: `ENV=var FOO=bar`. Values are quoted only where a
 * shell would read them otherwise. Null when there is nothing to set: documents older than the parameter refuse it.
 */
export function documentEnvironment(settings: InstallSettings): string | null {
  return join(variables(settings), shellWord);
}

function join(list: readonly Variable[], write: (value: string) => string): string | null {
  return list.length === 0 ? null : list.map(([name, value]) => `${name}=${write(value)}`).join(' ');
}

function variables(settings: InstallSettings): readonly Variable[] {
  const all: readonly (readonly [string, string | null])[] = [
    ['TELEPORT_INSTALL_SUFFIX', settings.suffix],
    ['TELEPORT_UPDATE_GROUP', settings.updateGroup],
    ['HTTP_PROXY', settings.httpProxy],
    ['HTTPS_PROXY', settings.httpsProxy],
    ['NO_PROXY', settings.noProxy],
  ];
  return all.filter((variable): variable is Variable => variable[1] !== null);
}
