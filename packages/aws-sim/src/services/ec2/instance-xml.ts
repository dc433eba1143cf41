import { element, wrap } from '../../server/xml.ts';
import type { Instance } from '../../world/host-states.ts';
import type { InstanceState } from '../../world/model.ts';
import {
  attachmentId,
  availabilityZone,
  groupId,
  instanceProfile,
  interfaceId,
  launchIndex,
  macAddress,
  subnetId,
  volumeId,
  vpcId,
} from './resource-ids.ts';

/** `State.Code` of each state. */
export const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** An instance as DescribeInstances shows it: one `item` of an `instancesSet`. */
export function instanceXml(instance: Instance): string {
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
      element('amiLaunchIndex', launchIndex(instance)) +
      '<productCodes/>' +
      element('instanceType', instance.instanceType) +
      element('launchTime', launchTime) +
      `<placement>${element('availabilityZone', availabilityZone(instance))}<groupName/><tenancy>default</tenancy></placement>` +
      (windows ? '<platform>windows</platform>' : '') +
      '<monitoring><state>disabled</state></monitoring>' +
      element('subnetId', subnetId(instance)) +
      element('vpcId', vpcId(instance)) +
      element('privateIpAddress', instance.privateIp) +
      '<sourceDestCheck>true</sourceDestCheck>' +
      groupXml(instance) +
      element('architecture', instance.architecture) +
      '<rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>' +
      deviceXml(instance, launchTime) +
      '<virtualizationType>hvm</virtualizationType><clientToken/>' +
      wrap('tagSet', Object.entries(instance.tags).map(tagXml).join('')) +
      '<hypervisor>xen</hypervisor>' +
      networkXml(instance, launchTime) +
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
      operatorXml(instance),
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

function groupXml(instance: Instance): string {
  return `<groupSet><item>${element('groupId', groupId(instance))}<groupName>default</groupName></item></groupSet>`;
}

function tagXml([key, value]: [string, string]): string {
  return `<item>${element('key', key)}${element('value', value)}</item>`;
}

function deviceXml(instance: Instance, launchTime: string): string {
  const ebs = `${element('volumeId', volumeId(instance))}<status>attached</status>${element('attachTime', launchTime)}<deleteOnTermination>true</deleteOnTermination>`;
  return `<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs>${ebs}</ebs></item></blockDeviceMapping>`;
}

function networkXml(instance: Instance, launchTime: string): string {
  const attachment = `<attachment>${element('attachmentId', attachmentId(instance))}<deviceIndex>0</deviceIndex><status>attached</status>${element('attachTime', launchTime)}<deleteOnTermination>true</deleteOnTermination><networkCardIndex>0</networkCardIndex></attachment>`;
  const address = `${element('privateIpAddress', instance.privateIp)}${element('privateDnsName', instance.hostname)}`;
  return wrap(
    'networkInterfaceSet',
    `<item>${element('networkInterfaceId', interfaceId(instance))}${element('subnetId', subnetId(instance))}${element('vpcId', vpcId(instance))}<description/>${element('ownerId', instance.account.id)}<status>in-use</status>${element('macAddress', macAddress(instance))}${address}<sourceDestCheck>true</sourceDestCheck>${groupXml(instance)}${attachment}<privateIpAddressesSet><item>${address}<primary>true</primary></item></privateIpAddressesSet><ipv6AddressesSet/><interfaceType>interface</interfaceType></item>`,
  );
}

function profileXml(instance: Instance): string {
  const profile = instanceProfile(instance);
  if (profile === null) return '';
  return `<iamInstanceProfile>${element('arn', profile.arn)}${element('id', profile.id)}</iamInstanceProfile>`;
}

function operatorXml({ operator }: Instance): string {
  if (operator === undefined) return '<operator><managed>false</managed></operator>';
  const hidden = element('hiddenByDefault', operator.hidden);
  return `<operator><managed>true</managed>${element('principal', operator.principal)}${hidden}</operator>`;
}
