import { authorizeResources } from '../../iam/authorize.ts';
import type { Refusal } from '../../commands/command.ts';
import type { SsmDocument } from '../../commands/documents.ts';
import { deniedError, ServiceError } from '../../server/service-error.ts';
import type { Call } from '../../server/simulation.ts';
import type { Instance } from '../../world/host-states.ts';
import type { Account } from '../../world/model.ts';
import { findInstance } from '../../world/world.ts';

/** Sending is authorized on the document and on every instance. Amazon's documents have no account in their ARN. */
export function authorizeDocument(call: Call, nameOrArn: string): void {
  const allowed = call.sim.world.access.sendableDocuments;
  const name = nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
  if (allowed === null || allowed.includes(name)) return;
  const owner = name.startsWith('AWS-') ? '' : call.caller.principal.accountId;
  const arn = `arn:${call.sim.world.partition}:ssm:${call.caller.region}:${owner}:document/${name}`;
  throw sendDenied(call, nameOrArn.startsWith('arn:') ? nameOrArn : arn);
}

/** Denies the whole call when it names an instance that the caller may not command. */
export function authorizeHosts(call: Call, hosts: readonly Instance[]): void {
  const shielded = hosts.find((host) => isShielded(call, host));
  if (shielded === undefined) return;
  throw sendDenied(
    call,
    `arn:${call.sim.world.partition}:ec2:${shielded.region}:${shielded.account.id}:instance/${shielded.id}`,
  );
}

function isShielded(call: Call, host: Instance): boolean {
  const shields = Object.entries(call.sim.world.access.shieldTags);
  return shields.some(([key, value]) => host.tags[key] === value);
}

function sendDenied(call: Call, resource: string): ServiceError {
  const principalArn = call.caller.principal.arn;
  return deniedError('ssm', { action: 'ssm:SendCommand', principalArn, resource, reason: 'identity' });
}

/** By target nothing is refused up front: a host that must not or cannot have the command ends with the reason. */
export function targetRefusal(call: Call, document: SsmDocument, host: Instance): Refusal | null {
  if (isShielded(call, host) || !mayBeSentTo(call, host)) return 'AccessDenied';
  return document.platformTypes.includes(host.ssm?.platformType ?? '') ? null : 'InvalidPlatform';
}

function mayBeSentTo(call: Call, host: Instance): boolean {
  try {
    authorizeResources(call.sim.world, call.caller, 'ssm:SendCommand', [
      { arn: instanceArn(call, host.account, host.id), tags: host.tags },
    ]);
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

function instanceArn(call: Call, account: Account, id: string): string {
  return `arn:${call.sim.world.partition}:ec2:${call.caller.region}:${account.id}:instance/${id}`;
}

/**
 * IAM asks for the document and for every instance that is named, with its tags, where the world has policies.
 * @throws {ServiceError} AccessDenied
 */
export function authorizeByPolicy(
  call: Call,
  account: Account,
  document: string,
  instanceIds: readonly string[],
): void {
  const { region } = call.caller;
  const { partition } = call.sim.world;
  const owner = /^(AWS|Amazon)/u.test(document) ? '' : account.id;
  const name = document.startsWith('arn:')
    ? document
    : `arn:${partition}:ssm:${region}:${owner}:document/${document}`;
  const instances = instanceIds.map((id) => {
    const host = findInstance(call.sim.world, id);
    const isHere = host !== undefined && host.account === account && host.region === region;
    return { arn: instanceArn(call, account, id), tags: isHere ? host.tags : {} };
  });
  authorizeResources(call.sim.world, call.caller, 'ssm:SendCommand', [{ arn: name }, ...instances]);
}
