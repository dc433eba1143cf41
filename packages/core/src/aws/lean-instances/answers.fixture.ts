/** Answers of DescribeInstances for tests: as EC2 writes them, with every field that an instance can have and we skip. */
import { Readable } from 'node:stream';
import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandOutput,
  type DescribeInstancesResult,
  EC2Client,
  type EC2ClientConfig,
} from '@aws-sdk/client-ec2';
import { LeanEc2Protocol } from './read-instances.ts';

export interface AnInstance {
  readonly id: string;
  readonly state: string;
  readonly platform: string | null;
  readonly launchTime: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly hasProfile: boolean;
}

export interface AReservation {
  readonly ownerId: string;
  readonly instances: readonly AnInstance[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xd;',
  東: '&#x6771;',
  ü: '&#252;',
};

/** Escapes as EC2 does; other characters come as they are or by their numbers. */
export function escapeText(text: string): string {
  return text.replaceAll(/[&<>"\r東ü]/g, (char) => ENTITIES[char] ?? char);
}

/** One page; `between` stands between all elements of the lists, as indentation would. */
export function answerOf(
  reservations: readonly AReservation[],
  nextToken: string | null = null,
  between = '',
): string {
  const items = reservations.map(
    ({ ownerId, instances }) =>
      `<item>${between}<reservationId>r-0a1</reservationId><ownerId>${ownerId}</ownerId><groupSet/>${between}` +
      `<instancesSet>${between}${instances.map(instanceXml).join(between)}${between}</instancesSet>` +
      `<requesterId>940372691376</requesterId></item>`,
  );
  const token = nextToken === null ? '' : `<nextToken>${escapeText(nextToken)}</nextToken>`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">` +
    `${between}<requestId>8f7724cf</requestId>${between}<reservationSet>${between}${items.join(between)}${between}</reservationSet>` +
    `${token}</DescribeInstancesResponse>`
  );
}

function instanceXml({ id, state, platform, launchTime, tags, hasProfile }: AnInstance): string {
  const group =
    '<groupSet><item><groupId>sg-1</groupId><groupName>web &amp; ssh</groupName></item></groupSet>';
  const tagItems = tags.map(
    ([key, value]) => `<item><key>${escapeText(key)}</key><value>${escapeText(value)}</value></item>`,
  );
  return (
    `<item><instanceId>${id}</instanceId><imageId>ami-1</imageId>` +
    `<instanceState><code>16</code><name>${state}</name></instanceState>` +
    `<privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName><dnsName/><reason></reason><productCodes/>` +
    `<instanceType>t3.micro</instanceType><launchTime>${launchTime}</launchTime>` +
    `<placement><availabilityZone>us-east-1a</availabilityZone><groupName/><tenancy>default</tenancy></placement>` +
    (platform === null ? '' : `<platform>${platform}</platform>`) +
    `<monitoring><state>disabled</state></monitoring>${group}` +
    `<stateReason><code>Server.X</code><message>name &lt;here&gt;</message></stateReason>` +
    `<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId><status>attached</status>` +
    `<attachTime>2026-01-01T00:00:00.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>` +
    (tags.length === 0 ? '' : `<tagSet>${tagItems.join('')}</tagSet>`) +
    `<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><ownerId>999999999999</ownerId>${group}` +
    `<privateIpAddressesSet><item><primary>true</primary></item></privateIpAddressesSet>` +
    `<tagSet><item><key>of the interface</key><value>not of the instance</value></item></tagSet></item></networkInterfaceSet>` +
    (hasProfile
      ? '<iamInstanceProfile><arn>arn:aws:iam::1:instance-profile/p</arn><id>AIPA</id></iamInstanceProfile>'
      : '') +
    `<cpuOptions><coreCount>1</coreCount></cpuOptions></item>`
  );
}

/** The fields that are used, out of a result of the SDK. */
export function usedFields(result: Pick<DescribeInstancesResult, 'Reservations' | 'NextToken'>): unknown {
  return {
    Reservations: result.Reservations?.map((reservation) => ({
      OwnerId: reservation.OwnerId,
      Instances: reservation.Instances?.map((instance) => ({
        InstanceId: instance.InstanceId,
        State: instance.State === undefined ? undefined : { Name: instance.State.Name },
        Platform: instance.Platform,
        LaunchTime: instance.LaunchTime,
        Tags: instance.Tags?.map(({ Key, Value }) => ({ Key, Value })),
        hasProfile: instance.IamInstanceProfile !== undefined,
      })),
    })),
    NextToken: result.NextToken,
  };
}

export interface WireAnswer {
  readonly status?: number;
  /** What the socket delivers, in these pieces. */
  readonly chunks: readonly Uint8Array[];
}

let answer: WireAnswer = { chunks: [] };

/** Real clients whose socket delivers `answer`. */
const clients = { sdk: createClient({}), lean: createClient({ protocol: LeanEc2Protocol }) };

function createClient(more: Pick<EC2ClientConfig, 'protocol'>): EC2Client {
  const handle = (): unknown =>
    Promise.resolve({
      response: {
        statusCode: answer.status ?? 200,
        headers: { 'x-amzn-requestid': 'request-1' },
        body: Readable.from(answer.chunks, { objectMode: false }),
      },
    });
  return new EC2Client({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'A', secretAccessKey: 'S' },
    maxAttempts: 1,
    requestHandler: { handle } as never,
    ...more,
  });
}

/** What a real client makes of an answer: the SDK's own, or one with our protocol. One at a time. Rejects as `send` does. */
export async function sendThrough(
  protocol: 'sdk' | 'lean',
  wire: WireAnswer,
): Promise<DescribeInstancesCommandOutput> {
  answer = wire;
  return clients[protocol].send(new DescribeInstancesCommand({}));
}

/** Everything in one piece. */
export function wireAnswer(text: string, status = 200): WireAnswer {
  return { status, chunks: [Buffer.from(text)] };
}
