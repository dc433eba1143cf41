import type { Judgment } from '../enrollment/event.ts';
import type { Instance, ManagedNode } from './instance.ts';

/** Older agents cannot read the documents that install Teleport ("cannot unmarshal object into Go struct field"). */
const OLDEST_AGENT = [3, 1] as const;

/**
 * Whether a running, matched instance can be sent a command, and why not. What can be told without touching the host
 * is told here, so that no command is spent on it.
 *
 * @param node what SSM's inventory of the target says; undefined when it does not list the instance
 */
export function judgeEligibility(
  instance: Instance,
  node: ManagedNode | undefined,
  rule: { readonly nowMs: number; readonly minInstanceAgeMs: number },
): Judgment {
  const unfit = judgeInstance(instance, rule);
  if (unfit !== null) return unfit;
  if (node === undefined) {
    return ineligible(
      instance.hasInstanceProfile ? 'ec2-ssm-agent-not-registered' : 'ec2-no-instance-profile',
    );
  }
  if (node.pingStatus === 'ConnectionLost') return ineligible('ec2-ssm-agent-connection-lost');
  if (node.platformType !== 'Linux' || hasNoShell(node)) return ineligible('ec2-ssm-unsupported-os');
  if (isAgentTooOld(node.agentVersion)) return ineligible('ec2-ssm-agent-too-old');
  return { kind: 'eligible' };
}

/** The part of the judgment that EC2's answer alone decides; null when nothing in it speaks against a send. */
export function judgeInstance(
  instance: Instance,
  rule: { readonly nowMs: number; readonly minInstanceAgeMs: number },
): Extract<Judgment, { kind: 'ineligible' }> | null {
  if (instance.platform === 'windows') return ineligible('ec2-ssm-unsupported-os');
  const isYoung =
    instance.launchedAtMs !== null && rule.nowMs - instance.launchedAtMs < rule.minInstanceAgeMs;
  return isYoung ? ineligible('ec2-too-young') : null;
}

/**
 * Bottlerocket is a Linux without a shell, whose agent runs in a container. SSM takes the name from the agent's
 * `/etc/os-release` (amazon-ssm-agent, `platform_unix.go`), which may be that container's: the install script asks again.
 */
function hasNoShell({ platformName }: ManagedNode): boolean {
  return /^bottlerocket\b/i.test(platformName.trim());
}

/** An unreadable version is not held against the host: the command will tell. */
function isAgentTooOld(version: string): boolean {
  const [major, minor] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) return false;
  return major < OLDEST_AGENT[0] || (major === OLDEST_AGENT[0] && minor < OLDEST_AGENT[1]);
}

function ineligible(
  cause: Extract<Judgment, { kind: 'ineligible' }>['cause'],
): Extract<Judgment, { kind: 'ineligible' }> {
  return { kind: 'ineligible', cause };
}
