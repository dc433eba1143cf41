import { hashNumbers, hashText, hex8 } from '../../world/hash.ts';
import type { Instance } from '../../world/host-states.ts';
import { partitionOf } from '../../world/regions.ts';

/** Ids and names of what surrounds an instance: derived from it, the same whenever asked. */

/** An id with 17 hexadecimal digits behind a prefix. */
function idFor(prefix: string, about: string, salt: number): string {
  const hash = hashText(salt, about);
  return `${prefix}-0${hex8(hash)}${hex8(hashNumbers(hash, salt))}`;
}

const placeOf = (instance: Instance): string => `${instance.account.id}/${instance.region}`;

/** The VPC of an account and region. */
export const vpcId = (instance: Instance): string => idFor('vpc', placeOf(instance), 1);
/** Its only subnet. */
export const subnetId = (instance: Instance): string => idFor('subnet', placeOf(instance), 2);
/** Its default security group. */
export const groupId = (instance: Instance): string => idFor('sg', placeOf(instance), 3);
/** The root volume of an instance. */
export const volumeId = (instance: Instance): string => idFor('vol', instance.id, 4);
/** The attachment of its network interface. */
export const attachmentId = (instance: Instance): string => idFor('eni-attach', instance.id, 5);
/** Its network interface. */
export const interfaceId = (instance: Instance): string => idFor('eni', instance.id, 6);
/** The interface's address: locally administered, as all of EC2 are; 46 bits of its own, so that hosts do not share one. */
export function macAddress(instance: Instance): string {
  const [high, low] = [hashText(7, instance.id), hashText(8, instance.id)];
  const first = ((high & 0xfc) | 0x02).toString(16).padStart(2, '0');
  const rest = `${hex8(low)}${hex8(high).slice(0, 2)}`.match(/../gu) ?? [];
  return [first, ...rest].join(':');
}
/** Its zone. */
export const availabilityZone = (instance: Instance): string => `${instance.region}a`;

/** The reservation an instance was launched in: one for every three neighbors. */
export function reservationId(instance: Instance): string {
  return idFor('r', `${placeOf(instance)}/${Math.floor(instance.slot / 3)}`, 0x4e5);
}

/** Its place in the reservation. */
export function launchIndex(instance: Instance): number {
  return instance.slot % 3;
}

/** ARN and id of its instance profile; null without one. */
export function instanceProfile(instance: Instance): { readonly arn: string; readonly id: string } | null {
  if (instance.profile === null) return null;
  const arn = `arn:${partitionOf(instance.region)}:iam::${instance.account.id}:instance-profile/${instance.profile}`;
  return { arn, id: `AIPA${hex8(hashText(7, arn)).toUpperCase()}SIMULATED` };
}
