import type { StoredRecord } from '../enrollment/record.ts';
import type { InstanceId } from '../organization/ids.ts';

/** Labels of a Teleport node by key. */
export type NodeLabels = Readonly<Record<string, string>>;

/**
 * What a label key may be made of: `LabelPattern` of Teleport's `api/types`. A node that announces any other key is refused
 * by Auth (`Metadata.CheckAndSetDefaults`) and would drop out of the inventory, so a tag that does not fit is left out, as
 * Teleport's own importer does (`lib/labels/cloud.go`).
 */
const LABEL_KEY = /^[a-zA-Z/.0-9_:*-]+$/;
/** Namespace of labels that come from AWS (`AWSLabelNamespace`). */
const PREFIX = 'aws/';
/** EC2's own limits; what is beyond them is no tag of EC2's. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const MAX_TAGS = 64;
const MAX_KEY_CHARS = 128;
const MAX_VALUE_CHARS = 256;
// oxlint-disable-next-line no-control-regex -- they are what is looked for: a terminal obeys them when a label is shown
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * The labels that an instance's tags become: `Name` → `aws/Name`. An account’s owner writes the tags: keys that Teleport does
 * not take, values with control characters and whatever is beyond EC2's limits are left out.
 */
export function labelsOfTags(tags: Readonly<Record<string, string>>): NodeLabels {
  const labels: [string, string][] = [];
  for (const [key, value] of Object.entries(tags)) {
    if (labels.length === MAX_TAGS) break;
    if (key.length > MAX_KEY_CHARS || value.length > MAX_VALUE_CHARS) continue;
    if (!LABEL_KEY.test(key) || CONTROL.test(value)) continue;
    labels.push([PREFIX + key, value.toWellFormed()]);
  }
  // Plain assignment would lose a key named __proto__; it has the prefix here, so it is a key like any other.
  return Object.fromEntries(labels);
}

/**
 * Those of stored labels that `labelsOfTags` could have made. Redis lies between the scan that makes them and the write to
 * Teleport, and a label decides who may enter a node: none without the prefix, nor one of Teleport's own
 * (`teleport.dev/origin`), comes from there.
 */
export function keepLabels(labels: NodeLabels): { readonly kept: NodeLabels; readonly dropped: number } {
  const entries = Object.entries(labels);
  const tags = entries
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, value]): [string, string] => [key.slice(PREFIX.length), value]);
  const kept = labelsOfTags(Object.fromEntries(tags));
  return { kept, dropped: entries.length - Object.keys(kept).length };
}

/** What is known of the labels that an instance was last given. */
export interface WrittenLabels {
  /** Of the tags they came from. */
  readonly digest: string;
  /** When Teleport forgets them. */
  readonly expiresAtMs: number;
}

/** What a target's labels came to when they were last compared: as long as it holds, no scan needs to compare them again. */
export interface LabelSummary {
  readonly digest: string;
  /** When labels must be written again, although nothing has changed. */
  readonly refreshAtMs: number;
}

/** Labels that wait to be written. */
export interface LabelChange {
  readonly instanceId: InstanceId;
  readonly digest: string;
  readonly labels: NodeLabels;
  /** `gone`: the instance is no more, and its resource is not needed. */
  readonly gone: boolean;
  /** See `sealLabels`; absent without a key. */
  readonly seal?: string | undefined;
}

/** How long labels last, in ms. */
export interface LabelLifetime {
  /** After this Teleport forgets what it was given. */
  readonly lifetimeMs: number;
}

/** An instance that has labels, or had. */
export interface LabeledInstance {
  readonly instanceId: InstanceId;
  readonly tags: Readonly<Record<string, string>>;
}

/** The digest of no tags at all. */
export const NO_TAGS = digestOfTags({});

/** Whether an instance in this state has a node, or may have one any moment. What cannot be enrolled needs no labels. */
export function wantsLabels(record: StoredRecord): boolean {
  switch (record.state) {
    case 'queued':
    case 'sending':
    case 'installing':
    case 'installed':
    case 'joined':
    case 'lost':
    case 'failed':
      return true;
    case 'stopped':
    case 'ineligible':
    case 'discovered':
    case 'unknown':
      return record.joinedAtMs !== null;
    case 'unmatched':
    case 'gone':
      return false;
    default:
      return record satisfies never;
  }
}

/**
 * One word for the labels of a whole target, whatever the order. Not cryptographic: who makes two of them collide keeps
 * his own instance's labels as they are until they are refreshed.
 */
export function digestOfTarget(instances: Iterable<LabeledInstance>): string {
  const sum = newSum();
  let count = 0;
  for (const { instanceId, tags } of instances) {
    count += 1;
    const [low, high] = sumOfTags(tags);
    add(sum, hash(instanceId, low), hash(instanceId, high));
  }
  return `1.${count}.${textOf(sum)}`;
}

/** One word for an instance's tags, whatever their order. */
export function digestOfTags(tags: Readonly<Record<string, string>>): string {
  return textOf(sumOfTags(tags));
}

/** A target's instances, as far as labels go. */
export interface LabelSubjects {
  /** Those that should have labels. */
  readonly wanted: ReadonlyMap<InstanceId, LabeledInstance>;
  /** Those that are there and that no matcher selects. */
  readonly unmatched: ReadonlySet<InstanceId>;
  /** Those that are neither to have labels nor to lose them. */
  readonly kept: ReadonlySet<InstanceId>;
  /** What Teleport was last given: an instance that is only here is gone. */
  readonly written: ReadonlyMap<InstanceId, WrittenLabels>;
}

/** What has to be written for a target. */
export function planLabels(
  { wanted, unmatched, kept, written }: LabelSubjects,
  nowMs: number,
  { lifetimeMs }: LabelLifetime,
): { readonly changes: readonly LabelChange[]; readonly refreshAtMs: number } {
  const changes: LabelChange[] = [];
  let refreshAtMs = nowMs + (2 * lifetimeMs) / 3;
  for (const [instanceId, { tags }] of wanted) {
    const before = written.get(instanceId);
    const digest = digestOfTags(tags);
    if (before === undefined && digest === NO_TAGS) continue;
    // What ends in the second half is taken along, so that a target's labels are refreshed together.
    if (before?.digest === digest && before.expiresAtMs > nowMs + lifetimeMs / 2) {
      refreshAtMs = Math.min(refreshAtMs, before.expiresAtMs - lifetimeMs / 3);
      continue;
    }
    changes.push({ instanceId, digest, labels: labelsOfTags(tags), gone: false });
  }
  for (const [instanceId, before] of written) {
    if (wanted.has(instanceId) || kept.has(instanceId)) continue;
    const gone = !unmatched.has(instanceId);
    // A node that runs on keeps its labels until it is given none: a resource that merely vanishes takes nothing back.
    if (gone || before.digest !== NO_TAGS) changes.push({ instanceId, digest: NO_TAGS, labels: {}, gone });
  }
  return { changes, refreshAtMs };
}

type Sum = [low: number, high: number];

function newSum(): Sum {
  return [0, 0];
}

function sumOfTags(tags: Readonly<Record<string, string>>): Sum {
  const sum = newSum();
  for (const key in tags) {
    const value = tags[key] ?? '';
    add(sum, hash(value, hash(key, 0x811c9dc5)), hash(value, hash(key, 0x9e3779b9)));
  }
  return sum;
}

/** FNV-1a over UTF-16 code units, from any start, with an end mark and a final mix. */
function hash(text: string, start: number): number {
  let state = start | 0;
  for (let at = 0; at < text.length; at += 1) {
    state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  }
  state = Math.imul(state ^ 0x1_0000, 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  return state ^ (state >>> 13);
}

function add(sum: Sum, low: number, high: number): void {
  sum[0] = (sum[0] + low) | 0;
  sum[1] = (sum[1] + high) | 0;
}

function textOf([low, high]: Sum): string {
  return (low >>> 0).toString(36) + '-' + (high >>> 0).toString(36);
}
