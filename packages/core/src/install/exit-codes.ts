import type { Cause } from '../enrollment/cause.ts';

/** A Teleport configuration stands on the host without Teleport's own mark of a managed one: an agent of this cluster or of another, set up by hand. */
export const EXIT_MANAGED_ELSEWHERE = 120;
/** The installer that came is not the one whose SHA-256 the configuration names. */
export const EXIT_INSTALLER_CHANGED = 121;

/** The command runs in a container of a host that has no shell and no place for packages of its own. */
export const EXIT_NO_HOST_SHELL = 122;

interface ExitCode {
  readonly meaning: string;
  /** What it counts as. Without one: `ec2-ssm-script-failure`. */
  readonly cause?: Cause;
}

/**
 * The exit codes of an installation. 100 to 149 come from checks before anything changed, 150 to 199 from after the
 * installation (Teleport's `installstatus/exitcodes.go`); 120 to 122 are ours; those below 100 are curl's own, when the
 * installer could not be fetched.
 */
const EXIT_CODES: ReadonlyMap<number, ExitCode> = new Map<number, ExitCode>([
  [6, { meaning: 'curl could not resolve the name of the Teleport proxy (or of the HTTP proxy)' }],
  [7, { meaning: 'curl could not connect to the Teleport proxy' }],
  [
    22,
    {
      meaning:
        'the Teleport proxy answered the request for the installer with an HTTP error: check the installer name',
    },
  ],
  [28, { meaning: 'curl timed out while fetching the installer' }],
  [35, { meaning: 'no TLS connection to the Teleport proxy: curl needs TLS 1.2' }],
  [60, { meaning: "the Teleport proxy's certificate is not trusted by the host" }],
  [100, { meaning: 'bash is not on the host', cause: 'host-no-bash' }],
  [101, { meaning: 'sudo is not on the host', cause: 'host-no-sudo' }],
  [102, { meaning: 'curl is not on the host', cause: 'host-no-curl' }],
  [103, { meaning: 'less than 1,250 MB are free for /opt/teleport', cause: 'host-disk-full' }],
  [104, { meaning: 'the host cannot reach the Teleport proxy', cause: 'host-proxy-unreachable' }],
  [
    EXIT_MANAGED_ELSEWHERE,
    {
      meaning:
        'a Teleport agent that was not enrolled by discovery is configured on the host; nothing was changed',
      cause: 'host-managed-elsewhere',
    },
  ],
  [
    EXIT_INSTALLER_CHANGED,
    {
      meaning:
        'the installer that the proxy sent has another SHA-256 than the configuration names; it was not run',
      cause: 'host-installer-changed',
    },
  ],
  [
    EXIT_NO_HOST_SHELL,
    {
      meaning:
        'the host is Bottlerocket: commands run in its control container, and Teleport cannot be installed on it',
      cause: 'ec2-ssm-unsupported-os',
    },
  ],
  [
    150,
    { meaning: 'Teleport was installed, but the agent did not join the cluster', cause: 'ec2-join-failure' },
  ],
]);

/** The meaning of an exit code in words; null for codes that only the script that ended with them can explain. */
export function meaningOfExitCode(code: number): string | null {
  return EXIT_CODES.get(code)?.meaning ?? null;
}

/** What an installer that ended with this code failed of. */
export function causeOfExitCode(code: number): Cause {
  return EXIT_CODES.get(code)?.cause ?? 'ec2-ssm-script-failure';
}
