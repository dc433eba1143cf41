import type { DescribeInstancesResult, Instance, Reservation, Tag } from '@aws-sdk/client-ec2';
import { AwsEc2QueryProtocol } from '@aws-sdk/core/protocols';
import { NotPlain, openPlainXml, type PlainXml } from './plain-xml.ts';

/** The part of DescribeInstancesResult that we use, in the SDK's own form. */
export type LeanPage = Pick<DescribeInstancesResult, 'Reservations' | 'NextToken'>;

/**
 * Reads an answer of DescribeInstances, keeping of each instance the dozen fields that `schema.ts` looks at; every other
 * element is only seen to be closed. Null for whatever is not as plain as EC2 writes it, and for an answer without
 * its `reservationSet`: then the SDK's own reader has to say what it is.
 *
 * What comes back equals the SDK's result in these fields; `read-instances.test.ts` holds it to that.
 */
export function readInstances(answer: Buffer): LeanPage | null {
  try {
    return readResponse(openPlainXml(answer, ROOT));
  } catch (error) {
    if (error instanceof NotPlain) return null;
    throw error;
  }
}

const ROOT = 'DescribeInstancesResponse';

/** What is being read may be written; outside it is the SDK's, which is not read-only either. */
type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function readResponse(xml: PlainXml): LeanPage | null {
  const page: Writable<LeanPage> = {};
  xml.children(ROOT, ['reservationSet', 'nextToken'], (child) => {
    if (child === 'reservationSet') {
      once(page.Reservations);
      page.Reservations = readList(xml, child, readReservation);
    } else {
      once(page.NextToken);
      page.NextToken = xml.text(child);
    }
  });
  return page.Reservations === undefined ? null : page;
}

function readReservation(xml: PlainXml): Reservation {
  const reservation: Writable<Reservation> = {};
  xml.children('item', ['ownerId', 'instancesSet'], (child) => {
    if (child === 'ownerId') {
      once(reservation.OwnerId);
      reservation.OwnerId = xml.text(child);
    } else {
      once(reservation.Instances);
      reservation.Instances = readList(xml, child, readInstance);
    }
  });
  return reservation;
}

const INSTANCE_FIELDS = [
  'instanceId',
  'instanceState',
  'platform',
  'launchTime',
  'tagSet',
  'iamInstanceProfile',
] as const;

function readInstance(xml: PlainXml): Instance {
  const instance: Writable<Instance> = {};
  xml.children('item', INSTANCE_FIELDS, (child) => {
    switch (child) {
      case 'instanceId':
        once(instance.InstanceId);
        instance.InstanceId = xml.text(child);
        break;
      case 'instanceState':
        once(instance.State);
        instance.State = readState(xml);
        break;
      case 'platform':
        once(instance.Platform);
        instance.Platform = xml.text(child) as Instance['Platform'];
        break;
      case 'launchTime':
        once(instance.LaunchTime);
        instance.LaunchTime = readTime(xml.text(child));
        break;
      case 'tagSet':
        once(instance.Tags);
        instance.Tags = readList(xml, child, readTag);
        break;
      case 'iamInstanceProfile':
        once(instance.IamInstanceProfile);
        // That there is one is all we ask.
        instance.IamInstanceProfile = {};
        xml.children(child, [], () => undefined);
        break;
      default:
        child satisfies never;
    }
  });
  return instance;
}

function readState(xml: PlainXml): NonNullable<Instance['State']> {
  const state: Writable<NonNullable<Instance['State']>> = {};
  xml.children('instanceState', ['name'], (child) => {
    once(state.Name);
    state.Name = xml.text(child) as NonNullable<Instance['State']>['Name'];
  });
  return state;
}

function readTag(xml: PlainXml): Tag {
  const tag: Writable<Tag> = {};
  xml.children('item', ['key', 'value'], (child) => {
    if (child === 'key') {
      once(tag.Key);
      tag.Key = xml.text(child);
    } else {
      once(tag.Value);
      tag.Value = xml.text(child);
    }
  });
  return tag;
}

/** The `item`s of a set; other elements in it mean nothing to the SDK either. */
function readList<Item>(xml: PlainXml, name: string, readItem: (xml: PlainXml) => Item): Item[] {
  const items: Item[] = [];
  xml.children(name, ['item'], () => {
    if (xml.isEmpty) throw new NotPlain('an empty item');
    items.push(readItem(xml));
  });
  return items;
}

/** An element that comes twice where it may come once. */
function once(before: unknown): void {
  if (before !== undefined) throw new NotPlain('an element that comes twice');
}

/** EC2 writes `2026-01-02T03:04:05.000Z`; any other form is the SDK's to read. */
function readTime(text: string): Date {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(text)) throw new NotPlain('another form of time');
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new NotPlain('no time');
  return time;
}

type Deserialize = AwsEc2QueryProtocol['deserializeResponse'];
type MetadataBearer = Awaited<ReturnType<Deserialize>>;

/**
 * EC2's protocol, except that an answer of DescribeInstances is read by `readInstances`: the SDK spends some 0.2 ms of CPU
 * on each instance, most of it on fields that we throw away (docs/decisions/0005-instance-deserializer.md).
 * Every other operation, every error, and every answer that is not plain goes the SDK's own way.
 */
export class LeanEc2Protocol extends AwsEc2QueryProtocol {
  override async deserializeResponse<Output extends MetadataBearer>(
    operation: Parameters<Deserialize>[0],
    context: Parameters<Deserialize>[1],
    response: Parameters<Deserialize>[2],
  ): Promise<Output> {
    if (response.statusCode !== 200 || operation.name !== 'DescribeInstances') {
      return super.deserializeResponse<Output>(operation, context, response);
    }
    const bytes = await context.streamCollector(response.body);
    const page = readInstances(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (page !== null) return { ...page, $metadata: this.deserializeMetadata(response) } as unknown as Output;
    // Already collected: the SDK takes bytes as they are.
    response.body = bytes;
    return super.deserializeResponse<Output>(operation, context, response);
  }
}
