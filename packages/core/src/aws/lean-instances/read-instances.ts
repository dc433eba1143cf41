import type { DescribeInstancesResult, Instance, Reservation, Tag } from '@aws-sdk/client-ec2';
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
export function readInstances(xml: string): LeanPage | null {
  try {
    return readResponse(openPlainXml(xml, ROOT));
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
  xml.children(ROOT, (child) => {
    if (child === 'reservationSet') {
      once(page.Reservations);
      page.Reservations = readList(xml, child, readReservation);
    } else if (child === 'nextToken') {
      once(page.NextToken);
      page.NextToken = xml.text(child);
    } else {
      xml.skip();
    }
  });
  return page.Reservations === undefined ? null : page;
}

function readReservation(xml: PlainXml): Reservation {
  const reservation: Writable<Reservation> = {};
  xml.children('item', (child) => {
    if (child === 'ownerId') {
      once(reservation.OwnerId);
      reservation.OwnerId = xml.text(child);
    } else if (child === 'instancesSet') {
      once(reservation.Instances);
      reservation.Instances = readList(xml, child, readInstance);
    } else {
      xml.skip();
    }
  });
  return reservation;
}

function readInstance(xml: PlainXml): Instance {
  const instance: Writable<Instance> = {};
  xml.children('item', (child) => {
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
        requireElements(xml, child);
        break;
      default:
        xml.skip();
    }
  });
  return instance;
}

function readState(xml: PlainXml): NonNullable<Instance['State']> {
  const state: Writable<NonNullable<Instance['State']>> = {};
  xml.children('instanceState', (child) => {
    if (child === 'name') {
      once(state.Name);
      state.Name = xml.text(child) as NonNullable<Instance['State']>['Name'];
    } else {
      xml.skip();
    }
  });
  return state;
}

function readTag(xml: PlainXml): Tag {
  const tag: Writable<Tag> = {};
  xml.children('item', (child) => {
    if (child === 'key') {
      once(tag.Key);
      tag.Key = xml.text(child);
    } else if (child === 'value') {
      once(tag.Value);
      tag.Value = xml.text(child);
    } else {
      xml.skip();
    }
  });
  return tag;
}

function requireElements(xml: PlainXml, name: string): void {
  xml.children(name, () => {
    xml.skip();
  });
}

/** The `item`s of a set; other elements in it mean nothing to the SDK either. */
function readList<Item>(xml: PlainXml, name: string, readItem: (xml: PlainXml) => Item): Item[] {
  const items: Item[] = [];
  xml.children(name, (child) => {
    if (child !== 'item') xml.skip();
    else if (xml.isEmpty) throw new NotPlain('an empty item');
    else items.push(readItem(xml));
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
