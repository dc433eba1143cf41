import type { InstallSettings } from '../scan/matcher.ts';
import { EXIT_INSTALLER_CHANGED, EXIT_MANAGED_ELSEWHERE, EXIT_NO_HOST_SHELL } from './exit-codes.ts';

/** What the default installer needs under /opt/teleport; Teleport's own figure. */
const NEEDED_MB = 1250;

/**
 * The lines of the shell script that installs Teleport through `AWS-RunShellScript`, which runs them with `sh`.
 *
 * As Teleport's own command does: environment first, so that the checks use the HTTP proxy too; then the checks with
 * Teleport's exit codes; then the installer, with the join token as its argument. Unlike Teleport's, the installer is
 * fetched into a file and run only when it came completely (a pipe runs what came before a broken connection), an
 * HTTP error is a failure, TLS is at least 1.2, and the configuration may name the SHA-256 that it must have.
 *
 * Every value is quoted here whatever it holds; `renderInstall` refuses those outside their alphabets before.
 */
export function installScript(settings: InstallSettings): readonly string[] {
  const proxy = `https://${settings.publicProxyAddr}`;
  const environment = exportedAssignments(settings);
  return [
    ...(environment === null ? [] : [`export ${environment}`]),
    ...preflight(settings, proxy),
    ...fetchInstaller(`${proxy}/v1/webapi/scripts/installer/${settings.scriptName}`),
    ...(settings.scriptSha256 === null ? [] : [compareHash(settings.scriptSha256)]),
    `bash "$muster_script" ${quoteForShell(settings.joinToken)}`,
  ];
}

function preflight(settings: InstallSettings, proxy: string): readonly string[] {
  const config = settings.suffix === null ? '/etc/teleport.yaml' : `/etc/teleport_${settings.suffix}.yaml`;
  return [
    // First, because it changes nothing and says most: the default installer itself refuses such hosts only at its end.
    `if [ -e ${quoteForShell(config)} ] && [ ! -e ${quoteForShell(`${config}.discover`)} ]; then ${fail(
      EXIT_MANAGED_ELSEWHERE,
      'a Teleport agent that was not enrolled by discovery is configured on this host',
    )}; fi`,
    // Bottlerocket's agent may name the operating system of its own container, Amazon Linux, in SSM's inventory. The host's
    // release file is mounted there under this name (bottlerocket-os/bottlerocket, `host-ctr`).
    `[ ! -e /etc/bottlerocket-release ] || { ${fail(EXIT_NO_HOST_SHELL, 'this is the control container of a Bottlerocket host: nothing can be installed')}; }`,
    `command -v bash >/dev/null 2>&1 || { ${fail(100, 'bash is not on this host')}; }`,
    `command -v sudo >/dev/null 2>&1 || { ${fail(101, 'sudo is not on this host')}; }`,
    `command -v curl >/dev/null 2>&1 || { ${fail(102, 'curl is not on this host')}; }`,
    `muster_dir=/opt/teleport; while [ ! -d "$muster_dir" ]; do muster_dir=$(dirname "$muster_dir"); done`,
    `muster_free=$(df -Pm "$muster_dir" | awk 'NR==2 {print $4}')`,
    // A figure that cannot be read stops nothing: the installer will say what is wrong.
    `case "$muster_free" in ''|*[!0-9]*) ;; *) [ "$muster_free" -ge ${NEEDED_MB} ] || { ${fail(
      103,
      `less than ${NEEDED_MB} MB are free for /opt/teleport`,
    )}; } ;; esac`,
    `curl --silent --show-error --output /dev/null --max-time 10 ${quoteForShell(`${proxy}/webapi/find`)} || { ${fail(
      104,
      'the Teleport proxy cannot be reached from this host',
    )}; }`,
  ];
}

function fetchInstaller(url: string): readonly string[] {
  return [
    'muster_script=$(mktemp) || exit 1',
    `trap 'rm -f "$muster_script"' EXIT`,
    [
      'curl --fail --silent --show-error --location',
      `--proto '=https' --tlsv1.2 --connect-timeout 20 --retry 3`,
      `--output "$muster_script" ${quoteForShell(url)} || exit $?`,
    ].join(' '),
  ];
}

/** What has come is run only when it is what was reviewed. A host without sha256sum runs nothing either. */
function compareHash(sha256: string): string {
  return [
    `muster_sum=$(sha256sum < "$muster_script" | cut -d ' ' -f 1);`,
    `[ "$muster_sum" = ${quoteForShell(sha256)} ] ||`,
    `{ echo "the installer has the SHA-256 \${muster_sum:-unknown}, and another is configured: it is not run" >&2;`,
    `exit ${EXIT_INSTALLER_CHANGED}; }`,
  ].join(' ');
}

function fail(code: number, message: string): string {
  return `echo ${quoteForShell(message)} >&2; exit ${code}`;
}

/** Characters that no POSIX shell gives a meaning to, anywhere in a word. */
const PLAIN = /^[A-Za-z0-9_.,:/@%+=-]+$/;

/** One word of shell input that stands for exactly `text`, always in single quotes. Newlines stay; NUL cannot be a word. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same, quoted only when it must be: for texts that people read, and for documents older than the quoting. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : quoteForShell(text);
}

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
