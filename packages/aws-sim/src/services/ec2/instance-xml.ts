import { element, wrap } from '../../server/xml.ts';
import { hashNumbers, hashText, hex8 } from '../../world/hash.ts';
import type { Instance } from '../../world/host-states.ts';
import type { InstanceState } from '../../world/model.ts';
import { profileArn } from './filters.ts';

const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** An id with 17 hexadecimal digits behind a prefix, the same whenever asked. */
function idFor(prefix: string, about: string, salt: number): string {
  const hash = hashText(salt, about);
  return `${prefix}-0${hex8(hash)}${hex8(hashNumbers(hash, salt))}`;
}

/** The reservation an instance was launched in: one for every three neighbors. */
export function reservationId(instance: Instance): string {
  const group = `${instance.account.id}/${instance.region}/${Math.floor(instance.slot / 3)}`;
  return idFor('r', group, 0x4e5);
}

/** An instance as DescribeInstances shows it: one `item` of an `instancesSet`. */
export function instanceXml(instance: Instance): string {
  const place = `${instance.account.id}/${instance.region}`;
  const vpcId = idFor('vpc', place, 1);
  const subnetId = idFor('subnet', place, 2);
  const running = instance.state === 'running';
  const launchTime = new Date(instance.launchedAtMs).toISOString();
  const windows = instance.platform === 'windows';
  return wrap(
    'item',
    element('instanceId', instance.id) +
      element('imageId', instance.imageId) +
      stateXml(instance) +
      element('privateDnsName', instance.hostname) +
      element('dnsName', '') +
      element('reason', running ? '' : 'User initiated') +
      element('amiLaunchIndex', instance.slot % 3) +
      '<productCodes/>' +
      element('instanceType', instance.instanceType) +
      element('launchTime', launchTime) +
      `<placement>${element('availabilityZone', `${instance.region}a`)}<groupName/><tenancy>default</tenancy></placement>` +
      (windows ? '<platform>windows</platform>' : '') +
      '<monitoring><state>disabled</state></monitoring>' +
      element('subnetId', subnetId) +
      element('vpcId', vpcId) +
      element('privateIpAddress', instance.privateIp) +
      '<sourceDestCheck>true</sourceDestCheck>' +
      groupXml(place) +
      element('architecture', instance.architecture) +
      '<rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>' +
      deviceXml(instance.id, launchTime) +
      '<virtualizationType>hvm</virtualizationType><clientToken/>' +
      wrap('tagSet', Object.entries(instance.tags).map(tagXml).join('')) +
      '<hypervisor>xen</hypervisor>' +
      networkXml(instance, place, subnetId, vpcId, launchTime) +
      profileXml(instance) +
      '<ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport>' +
      '<cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>' +
      '<capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference></capacityReservationSpecification>' +
      '<hibernationOptions><configured>false</configured></hibernationOptions>' +
      `<metadataOptions><state>applied</state>${element('httpTokens', instance.httpTokens)}<httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint><httpProtocolIpv6>disabled</httpProtocolIpv6><instanceMetadataTags>disabled</instanceMetadataTags></metadataOptions>` +
      '<enclaveOptions><enabled>false</enabled></enclaveOptions><bootMode>uefi-preferred</bootMode>' +
      element('platformDetails', instance.platformDetails) +
      element('usageOperation', windows ? 'RunInstances:0002' : 'RunInstances') +
      element('usageOperationUpdateTime', launchTime) +
      '<privateDnsNameOptions><hostnameType>ip-name</hostnameType><enableResourceNameDnsARecord>false</enableResourceNameDnsARecord></privateDnsNameOptions>' +
      '<maintenanceOptions><autoRecovery>default</autoRecovery></maintenanceOptions><currentInstanceBootMode>uefi</currentInstanceBootMode>' +
      '<operator><managed>false</managed></operator>',
  );
}

function stateXml(instance: Instance): string {
  const code = element('code', STATE_CODES[instance.state]);
  const reason =
    instance.state === 'running'
      ? ''
      : '<stateReason><code>Client.UserInitiatedShutdown</code><message>Client.UserInitiatedShutdown: User initiated shutdown</message></stateReason>';
  return `<instanceState>${code}${element('name', instance.state)}</instanceState>${reason}`;
}

function groupXml(place: string): string {
  return `<groupSet><item>${element('groupId', idFor('sg', place, 3))}<groupName>default</groupName></item></groupSet>`;
}

function tagXml([key, value]: [string, string]): string {
  return `<item>${element('key', key)}${element('value', value)}</item>`;
}

function deviceXml(id: string, launchTime: string): string {
  const ebs = `${element('volumeId', idFor('vol', id, 4))}<status>attached</status>${element('attachTime', launchTime)}<deleteOnTermination>true</deleteOnTermination>`;
  return `<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs>${ebs}</ebs></item></blockDeviceMapping>`;
}

function networkXml(
  instance: Instance,
  place: string,
  subnetId: string,
  vpcId: string,
  launchTime: string,
): string {
  const attachment = `<attachment>${element('attachmentId', idFor('eni-attach', instance.id, 5))}<deviceIndex>0</deviceIndex><status>attached</status>${element('attachTime', launchTime)}<deleteOnTermination>true</deleteOnTermination><networkCardIndex>0</networkCardIndex></attachment>`;
  const address = `${element('privateIpAddress', instance.privateIp)}${element('privateDnsName', instance.hostname)}`;
  return wrap(
    'networkInterfaceSet',
    `<item>${element('networkInterfaceId', idFor('eni', instance.id, 6))}${element('subnetId', subnetId)}${element('vpcId', vpcId)}<description/>${element('ownerId', instance.account.id)}<status>in-use</status>${address}<sourceDestCheck>true</sourceDestCheck>${groupXml(place)}${attachment}<privateIpAddressesSet><item>${address}<primary>true</primary></item></privateIpAddressesSet><ipv6AddressesSet/><interfaceType>interface</interfaceType></item>`,
  );
}

function profileXml(instance: Instance): string {
  if (instance.profile === null) return '';
  const arn = profileArn(instance.account.id, instance.profile);
  const id = `AIPA${hex8(hashText(7, arn)).toUpperCase()}SIMULATED`;
  return `<iamInstanceProfile>${element('arn', arn)}${element('id', id)}</iamInstanceProfile>`;
}
