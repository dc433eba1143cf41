/** A Teleport configuration stands on the host without Teleport's own mark of a managed one: somebody else's agent. */
export const EXIT_MANAGED_ELSEWHERE = 120;
/** The installer that came is not the one whose SHA-256 the configuration names. */
export const EXIT_INSTALLER_CHANGED = 121;

/**
 * What the exit codes of an installation mean. 100 to 149 come from checks before anything changed, 150 to 199 from after
 * the installation (Teleport's `installstatus/exitcodes.go`); 120 and 121 are ours; those below 100 are curl's own, when the
 * installer could not be fetched.
 */
export const EXIT_CODE_MEANINGS = {
  6: 'curl could not resolve the name of the Teleport proxy (or of the HTTP proxy)',
  7: 'curl could not connect to the Teleport proxy',
  22: 'the Teleport proxy answered the request for the installer with an HTTP error: check the installer name',
  28: 'curl timed out while fetching the installer',
  35: 'no TLS connection to the Teleport proxy: curl needs TLS 1.2',
  60: "the Teleport proxy's certificate is not trusted by the host",
  100: 'bash is not on the host',
  101: 'sudo is not on the host',
  102: 'curl is not on the host',
  103: 'less than 1,250 MB are free for /opt/teleport',
  104: 'the host cannot reach the Teleport proxy',
  [EXIT_MANAGED_ELSEWHERE]:
    'a Teleport agent that was not enrolled by discovery is configured on the host; nothing was changed',
  [EXIT_INSTALLER_CHANGED]:
    'the installer that the proxy sent has another SHA-256 than the configuration names; it was not run',
  150: 'Teleport was installed, but the agent did not join the cluster',
} as const satisfies Readonly<Record<number, string>>;

/** The meaning of an exit code in words; null for codes that only the script that ended with them can explain. */
export function meaningOfExitCode(code: number): string | null {
  return Object.hasOwn(EXIT_CODE_MEANINGS, code)
    ? ((EXIT_CODE_MEANINGS as Readonly<Record<number, string>>)[code] ?? null)
    : null;
}
