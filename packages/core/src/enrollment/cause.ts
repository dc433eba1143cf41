import { z } from 'zod';
import { MEMBER_ACTIONS, ORGANIZATION_ACTIONS } from '../organization/aws-actions.ts';

/** Who can make the cause go away. `muster` means: it goes by itself, by trying again. */
export type CauseOwner = 'operator' | 'host-owner' | 'aws-admin' | 'teleport-admin' | 'muster';

/** What Muster does about it: try again after a back-off, or only re-check at each scan. */
export type CauseHandling =
  /** Something must be fixed first: the first attempt comes late (`muster.backoff.operator_first`). */
  | 'retry-slow'
  /** May well work the next time. */
  | 'retry-soon'
  /** No attempt is made while it holds; each scan looks again, at no cost to the host. */
  | 'recheck';

export interface CauseFacts {
  readonly title: string;
  readonly owner: CauseOwner;
  readonly handling: CauseHandling;
  /** What to do, with the permission or command that does it. */
  readonly remedy: string;
  /** The setting under `muster` that fixes it when it is raised: what failed so is tried again then, without waiting. */
  readonly mendedBy?: InstallSetting;
}

/** A time that hosts are given. */
export type InstallSetting = 'install.timeout' | 'install.delivery_timeout' | 'install.join_timeout';

/**
 * The closed table of why an instance, account or target is not done. Teleport's issue identifiers
 * (`api/types/usertasks`) are kept where they exist, so that findings read the same in both systems.
 */
export const CAUSES = {
  'ec2-ssm-agent-not-registered': {
    title: 'The instance is not registered with SSM',
    owner: 'host-owner',
    handling: 'recheck',
    remedy:
      'Start or install the SSM agent, allow port 443 to the ssm, ssmmessages and ec2messages endpoints, and check that its instance profile carries AmazonSSMManagedInstanceCore.',
  },
  'ec2-no-instance-profile': {
    title: 'The instance has no instance profile and is not registered with SSM',
    owner: 'host-owner',
    handling: 'recheck',
    remedy:
      'Attach an instance profile with the managed policy AmazonSSMManagedInstanceCore, or switch on Default Host Management Configuration in this account and region (muster findings says where it is off, muster init dhmc writes what switches it on). Where it is on, the host lacks SSM agent 3.2.582.0 or later, or IMDSv2.',
  },
  'ec2-ssm-agent-connection-lost': {
    title: 'The SSM agent has lost its connection',
    owner: 'host-owner',
    handling: 'recheck',
    remedy:
      'Restart the SSM agent (systemctl restart amazon-ssm-agent); check the network and the instance profile.',
  },
  'ec2-instance-not-running': {
    title: 'The instance was terminated or is not running',
    owner: 'host-owner',
    handling: 'recheck',
    remedy:
      'Nothing to do for a terminated instance: the next scan lists it as gone. Start a stopped one when it should be enrolled.',
  },
  'ec2-instance-elsewhere': {
    title: 'The instance is not in this account and region',
    owner: 'operator',
    handling: 'recheck',
    remedy:
      'EC2 does not show the instance where an earlier scan saw it: it was terminated, or the credentials are for another account. Look it up by its id in the other accounts and regions; muster sweep --account reads this account again.',
  },
  'ec2-ssm-node-refused': {
    title:
      'SSM shows the agent online and the command is refused (InvalidInstanceId, or AccessDenied that names it)',
    owner: 'aws-admin',
    handling: 'retry-slow',
    remedy:
      'The member role may not reach this managed node: look in its policy for a condition on tags (ssm:resourceTag) or on the instance, and allow ssm:SendCommand there.',
  },
  'ec2-ssm-agent-too-old': {
    title: 'The SSM agent is older than 3.1',
    owner: 'host-owner',
    handling: 'recheck',
    remedy:
      'Update the SSM agent to 3.1 or later (document AWS-UpdateSSMAgent). Older agents fail with "cannot unmarshal object into Go struct field".',
  },
  'ec2-ssm-unsupported-os': {
    title: 'Muster cannot install Teleport on this operating system',
    owner: 'operator',
    handling: 'recheck',
    remedy:
      'Only Linux hosts with a shell and a writable system of their own can be enrolled; Windows, macOS and Bottlerocket (whose SSM agent runs in a container) cannot. Exclude this one by tag (exclude_tags) to stop seeing it.',
  },
  'ec2-too-young': {
    title: 'The instance is younger than min_instance_age',
    owner: 'muster',
    handling: 'recheck',
    remedy: 'Nothing to do: Muster takes the instance up when it is old enough.',
  },
  'host-managed-elsewhere': {
    title: 'The host runs a Teleport agent that Muster did not install (exit code 120)',
    owner: 'host-owner',
    handling: 'recheck',
    remedy:
      'The host has a Teleport configuration that discovery did not write (no .discover file beside it); nothing was changed. When its proxy_server is this cluster’s, start its agent: the host counts as joined as soon as tctl get nodes shows it with its cloud metadata or the two teleport.dev labels. When it is another cluster’s, agree with its owner which one the host belongs to, and exclude the instance by tag if it stays there.',
  },
  'ec2-ssm-script-failure': {
    title: 'The installer script failed',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy:
      'Read the output (muster explain INSTANCE), or the invocation in the AWS console; then fix the host or the installer.',
  },
  'host-no-bash': {
    title: 'bash is not on the host (exit code 100)',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy: 'Install bash on the host.',
  },
  'host-no-sudo': {
    title: 'sudo is not on the host (exit code 101)',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy: 'Install sudo on the host.',
  },
  'host-no-curl': {
    title: 'curl is not on the host (exit code 102)',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy: 'Install curl on the host.',
  },
  'host-disk-full': {
    title: 'Less than 1,250 MB free under /opt/teleport (exit code 103)',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy: 'Free disk space on the host.',
  },
  'host-proxy-unreachable': {
    title: 'The host cannot reach the Teleport proxy (exit code 104)',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy:
      'Allow the host to reach the proxy on its public address, or set install.http_proxy_settings for hosts behind an HTTP proxy.',
  },
  'host-installer-changed': {
    title: 'The installer is not the one that script_sha256 names (exit code 121)',
    owner: 'teleport-admin',
    handling: 'retry-slow',
    remedy:
      'The host did not run it. If the installer was changed on purpose (also by an upgrade of the cluster), read it, and put its new SHA-256 into muster.install.script_sha256: muster doctor prints it. If not, find out who changed it.',
  },
  'ec2-join-failure': {
    title: 'Teleport was installed but the node did not join',
    owner: 'teleport-admin',
    handling: 'retry-slow',
    remedy:
      'Check the join token (name, expiry, allowed account or organization), and that the host reaches the proxy; journalctl -u teleport on the host says which.',
    mendedBy: 'install.join_timeout',
  },
  'teleport-managed-updates-off': {
    title: 'Managed updates are not enabled, which install.suffix and install.update_group need',
    owner: 'teleport-admin',
    handling: 'retry-slow',
    remedy:
      'Enable managed updates on the cluster (tctl autoupdate agents status shows their state), or remove suffix and update_group from the matcher. Nothing was sent.',
  },
  'ec2-ssm-invocation-failure': {
    title: 'SSM refused or lost the command',
    owner: 'aws-admin',
    handling: 'retry-slow',
    remedy:
      'Check that the member role allows ssm:SendCommand on the document and on the instance, and that the document exists in this account and region.',
  },
  'ec2-ssm-document-invalid': {
    title: 'The SSM document is missing or refuses our parameters',
    owner: 'aws-admin',
    handling: 'retry-slow',
    remedy:
      'Create the document in this account and region with the parameters token, scriptName and env, or set ssm.document_name to AWS-RunShellScript.',
  },
  'ec2-ssm-delivery-timed-out': {
    title: 'The agent did not take or answer the command in time',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy: 'Check that the SSM agent runs and is not overloaded; restart it.',
    mendedBy: 'install.delivery_timeout',
  },
  'ec2-ssm-undeliverable': {
    title: 'SSM could not deliver the command',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy: 'Check that the SSM agent runs; restart it.',
  },
  'ec2-ssm-execution-timed-out': {
    title: 'The installer ran longer than the install timeout',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy:
      'See on the host what hangs (package locks, a slow mirror); raise muster.install.timeout if it is only slow.',
    mendedBy: 'install.timeout',
  },
  'ec2-ssm-access-denied': {
    title: 'SSM denied the command on this instance',
    owner: 'aws-admin',
    handling: 'retry-slow',
    remedy: 'Allow ssm:SendCommand on the instance for the member role; look for a condition on its tags.',
  },
  'ec2-ssm-canceled': {
    title: 'The command was canceled',
    owner: 'operator',
    handling: 'retry-slow',
    remedy:
      'A person or another program canceled the command in AWS, or an operator did with muster cancel. Muster tries again later; pause the instance to prevent that.',
  },
  'ec2-ssm-terminated': {
    title: 'SSM ended the command before it reached this instance',
    owner: 'muster',
    handling: 'retry-soon',
    remedy: 'Nothing to do: Muster tries again.',
  },
  'ec2-ssm-command-lost': {
    title: 'SSM never showed how the command ended',
    owner: 'muster',
    handling: 'retry-slow',
    remedy:
      'Nothing to do: the command has expired, and Muster tries again. Look at the host if it happens twice.',
  },
  'node-lost': {
    title: 'The node is missing from the inventory while the host runs',
    owner: 'host-owner',
    handling: 'retry-slow',
    remedy:
      'Nothing to do while Muster repairs it (muster.repair). When it is lost again after a repair, look on the host: systemctl status teleport, journalctl -u teleport; and whether it still reaches the proxy.',
  },
  'node-lost-host-silent': {
    title:
      'The node is missing from the inventory, and the SSM agent is silent too, while EC2 says the host runs',
    owner: 'host-owner',
    handling: 'recheck',
    remedy:
      'Look at the host: EC2 status checks, the console log, network and disk. Muster can send it nothing now. Once SSM shows the host online, Muster repairs it, unless its node is back by then.',
  },
  'ec2-perm-account-denied': {
    title: 'The account cannot be entered, or its role lacks a permission',
    owner: 'aws-admin',
    handling: 'retry-slow',
    remedy: `Create the member role with its trust in the account, and allow it ${MEMBER_ACTIONS.join(', ')}.`,
  },
  'ec2-perm-org-denied': {
    title: 'The organization cannot be listed',
    owner: 'aws-admin',
    handling: 'retry-slow',
    remedy: `Run in the management or a delegated administrator account, and allow ${ORGANIZATION_ACTIONS.join(', ')}.`,
  },
  'scp-denied-region': {
    title: 'A service control policy denies the region',
    owner: 'aws-admin',
    handling: 'retry-slow',
    remedy: 'Leave the region out of regions, or exempt the member role from the policy.',
  },
  'region-off': {
    title: 'The region is not enabled for the account',
    owner: 'aws-admin',
    handling: 'recheck',
    remedy: 'Enable the region for the account, or leave it out of regions.',
  },
  'aws-throttled': {
    title: 'AWS throttled the reading of the target',
    owner: 'muster',
    handling: 'retry-soon',
    remedy: 'Nothing to do: Muster reads it again. Others in the account may be using up the same quota.',
  },
  'aws-unavailable': {
    title: 'AWS did not answer',
    owner: 'muster',
    handling: 'retry-soon',
    remedy: 'Nothing to do: Muster reads it again. See the AWS Health Dashboard if it lasts.',
  },
} as const satisfies Record<string, CauseFacts>;

/** The closed identifier of why something is not done. */
export type Cause = keyof typeof CAUSES;

export const Cause = z.enum(Object.keys(CAUSES) as [Cause, ...Cause[]]);

/** An identifier of a newer release that this one does not know: kept and shown as it is, and never written by this one. */
export type ForeignWord = string & z.$brand<'ForeignWord'>;
/** As long as a person can read it, and nothing that a terminal, a page or a header of a record could take for more. */
export const ForeignWord = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/)
  .brand<'ForeignWord'>();

/** A cause as it lies in Redis. */
export type StoredCause = Cause | ForeignWord;
export const StoredCause: z.ZodType<StoredCause> = z.union([Cause, ForeignWord]);

/** Facts of a cause, at their declared width; of one that this release does not know, what can be said all the same. */
export function causeFacts(cause: string): CauseFacts {
  if (isCause(cause)) return CAUSES[cause];
  return {
    title: 'A newer release of Muster wrote this cause, and this release does not know it',
    owner: 'operator',
    handling: 'retry-slow',
    remedy: `Run muster explain of the newer release to read what it means. When that release no longer runs here, muster retry --cause ${cause} makes this release judge the instances itself.`,
  };
}

/** Whether this release knows the cause. */
export function isCause(word: string): word is Cause {
  return Object.hasOwn(CAUSES, word);
}

/** Whether an instance with this cause takes no command because its SSM agent does not report. */
export function isSilent(cause: Cause): boolean {
  return SILENT.has(cause);
}

const SILENT: ReadonlySet<Cause> = new Set<Cause>([
  'ec2-ssm-agent-not-registered',
  'ec2-no-instance-profile',
  'ec2-ssm-agent-connection-lost',
]);

/** The causes that go when a setting is raised. */
export function causesRepairedBy(setting: InstallSetting): readonly Cause[] {
  return Cause.options.filter((cause) => causeFacts(cause).mendedBy === setting);
}
