import { deriveInstance, kindOf } from './generate-hosts.ts';
import { hashNumbers, unit } from './hash.ts';
import { decodeInstanceId } from './identifiers.ts';
import type { Account, InstanceSpec } from './model.ts';
import type { HostKind } from './scenarios.ts';

/**
 * All instances of a world: the derived ones, of which only their count per account and region is kept, and the ones
 * that were written down or launched later. A slot is the position within an account and region: derived ones first.
 */
export interface Fleet {
  /** How many slots an account and region has; terminated ones count. */
  slots(account: Account, region: string): number;
  /** The instance at a slot. */
  at(account: Account, region: string, slot: number): InstanceSpec;
  find(id: string): InstanceSpec | undefined;
  /** What counts for the referee, without deriving the rest; undefined for an unknown id. */
  glance(id: string): Glance | undefined;
  /** How many instances of an account and region run and match as they were made. */
  countWanted(account: Account, region: string): number;
  add(spec: InstanceSpec): void;
  /** How many instances there are in all. */
  size(): number;
}

/** Where an instance is, and whether it runs and matches as it was made. */
export interface Glance {
  readonly account: Account;
  readonly region: string;
  readonly running: boolean;
  readonly matched: boolean;
  /** Whether EC2 lists it on request only. */
  readonly hidden: boolean;
}

/** Whether tags are those that matchers are about. */
export function tagsMatch(
  matchTags: Readonly<Record<string, string>>,
  tags: Readonly<Record<string, string>>,
): boolean {
  for (const key in matchTags) if (tags[key] !== matchTags[key]) return false;
  return true;
}

/** The derived part of a world. */
export interface FleetOrder {
  readonly seed: number;
  readonly accounts: readonly Account[];
  readonly regions: readonly string[];
  readonly instances: number;
  readonly mix: readonly { readonly kind: HostKind; readonly upTo: number }[];
  readonly matchTags: Readonly<Record<string, string>>;
  readonly startedAtMs: number;
}

/** Spreads the derived instances over accounts and regions; costs four bytes per account and region. */
export function createFleet(order: FleetOrder): Fleet {
  const { seed, regions } = order;
  const regionIndex = new Map(regions.map((region, index) => [region, index]));
  const starts = spread(order);
  const written = new Map<string, InstanceSpec[]>();
  const writtenById = new Map<string, InstanceSpec>();
  const derivedAccounts = order.accounts.slice();

  function bounds(account: Account, region: string): [number, number] {
    const index = regionIndex.get(region);
    if (index === undefined || account.index >= derivedAccounts.length) return [0, 0];
    const at = account.index * regions.length + index;
    return [starts[at] ?? 0, starts[at + 1] ?? 0];
  }

  function derive(account: Account, region: string, slot: number, number: number): InstanceSpec {
    const kind = kindOf(seed, number, order.mix);
    const { matchTags, startedAtMs } = order;
    return deriveInstance({ seed, number, kind, account, region, slot, matchTags, startedAtMs });
  }

  function at(account: Account, region: string, slot: number): InstanceSpec {
    const [from, to] = bounds(account, region);
    if (slot < to - from) return derive(account, region, slot, from + slot);
    const spec = written.get(`${account.id}/${region}`)?.[slot - (to - from)];
    if (spec === undefined) throw new RangeError(`no slot ${slot} in ${account.id}/${region}`);
    return spec;
  }

  const matchesAll = Object.keys(order.matchTags).length === 0;

  function kindGlance(account: Account, region: string, number: number): Glance {
    const kind = kindOf(seed, number, order.mix);
    return {
      account,
      region,
      running: kind !== 'stopped',
      matched: matchesAll || kind !== 'untagged',
      hidden: false,
    };
  }

  function specGlance({ account, region, state, tags, operator }: InstanceSpec): Glance {
    // Nothing may enroll what EC2 hides.
    const hidden = operator?.hidden === true;
    const matched = tagsMatch(order.matchTags, tags) && !hidden;
    return { account, region, running: state === 'running', matched, hidden };
  }

  /** Where a derived instance is. */
  function locate(
    id: string,
  ): { account: Account; region: string; slot: number; number: number } | undefined {
    const number = decodeInstanceId(seed, id);
    if (number === null || number >= order.instances) return undefined;
    const target = targetOf(starts, number);
    const account = derivedAccounts[Math.floor(target / regions.length)];
    const region = regions[target % regions.length];
    if (account === undefined || region === undefined) return undefined;
    return { account, region, slot: number - (starts[target] ?? 0), number };
  }

  function find(id: string): InstanceSpec | undefined {
    const spec = writtenById.get(id);
    if (spec !== undefined) return spec;
    const place = locate(id);
    return place === undefined ? undefined : derive(place.account, place.region, place.slot, place.number);
  }

  return {
    slots(account, region) {
      const [from, to] = bounds(account, region);
      return to - from + (written.get(`${account.id}/${region}`)?.length ?? 0);
    },
    at,
    find,
    glance(id) {
      const spec = writtenById.get(id);
      if (spec !== undefined) return specGlance(spec);
      const place = locate(id);
      return place === undefined ? undefined : kindGlance(place.account, place.region, place.number);
    },
    countWanted(account, region) {
      let count = 0;
      const [from, to] = bounds(account, region);
      for (let number = from; number < to; number += 1) {
        const kind = kindOf(seed, number, order.mix);
        if (kind !== 'stopped' && (matchesAll || kind !== 'untagged')) count += 1;
      }
      for (const spec of written.get(`${account.id}/${region}`) ?? []) {
        const { running, matched } = specGlance(spec);
        if (running && matched) count += 1;
      }
      return count;
    },
    add(spec) {
      const key = `${spec.account.id}/${spec.region}`;
      const list = written.get(key);
      if (list === undefined) written.set(key, [spec]);
      else list.push(spec);
      writtenById.set(spec.id, spec);
    },
    size: () => order.instances + writtenById.size,
  };
}

/** Number of the first instance of every account × region, and the total at the end. */
function spread(order: FleetOrder): Uint32Array {
  const { accounts, regions, seed } = order;
  const weights = new Float64Array(accounts.length * regions.length);
  let total = 0;
  for (const account of accounts) {
    // What cannot be read is kept small, so that a world is mostly about what can.
    const sound = account.role === 'ok' && account.state === 'ACTIVE';
    const size = (sound ? 1 : 0.4) * (0.3 + 2 * unit(hashNumbers(seed, account.index, 0x512)) ** 2);
    for (const [r, region] of regions.entries()) {
      const roll = unit(hashNumbers(seed, account.index, r, 0x3e6));
      const off = account.regionOverrides?.get(region) === 'DISABLED' || (r > 0 && roll < 0.3);
      const denied = account.deniedRegions.includes(region) ? 0.5 : 1;
      const weight = off ? 0 : (denied * size * (0.4 + roll)) / (1 + r * 0.15);
      weights[account.index * regions.length + r] = weight;
      total += weight;
    }
  }
  const starts = new Uint32Array(weights.length + 1);
  let sum = 0;
  for (const [i, weight] of weights.entries()) {
    sum += weight;
    starts[i + 1] = total === 0 ? 0 : Math.round((order.instances * sum) / total);
  }
  if (weights.length > 0) starts[weights.length] = order.instances;
  return starts;
}

/** The last target that starts at or before a number and is not empty. */
function targetOf(starts: Uint32Array, number: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= number) low = middle;
    else high = middle;
  }
  return low;
}
