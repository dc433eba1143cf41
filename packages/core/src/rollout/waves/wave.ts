/**
 * Which part of the fleet an instance belongs to. A wave is a pure function of what EC2 and Organizations say of an instance and
 * its account, so any worker comes to the same answer, and comes to it again right before a send.
 */
// oxlint-disable-next-line no-restricted-imports -- a function of its arguments
import { hash } from 'node:crypto';
import type { Account } from '../../organization/account.ts';
import type { AccountId, InstanceId, Region } from '../../organization/ids.ts';
import { carriesTag, type TagRule } from '../../scan/matcher.ts';

/** The wave of hosts that no other wave selects. */
export const REST = 'rest';

/** One entry of `muster.rollout.waves`, compiled. Everything that it selects by must hold. */
export interface Wave {
  readonly name: string;
  /** Ids of units or of the root, of which one must be above the account; null: any account. */
  readonly units: readonly string[] | null;
  readonly accounts: readonly AccountId[] | null;
  readonly regions: readonly Region[] | null;
  readonly accountTags: readonly TagRule[];
  readonly instanceTags: readonly TagRule[];
  /** Of all instances, in the order of the hash of their ids, 0..1: see `hasPlaceIn`. */
  readonly share: number;
  /** All must hold before it begins; empty: it waits for no other wave. */
  readonly after: readonly WaveCondition[];
  /** Epoch ms; null: at any time. */
  readonly notBeforeMs: number | null;
  /** By which share it may grow before it must be approved again, 0..1; null: it needs no approval. */
  readonly approvedGrowth: number | null;
  /** Hosts of the wave in flight at once; null: only the caps of `muster.limits` count. */
  readonly inFlight: number | null;
}

/** How far another wave must have come. */
export interface WaveCondition {
  readonly wave: string;
  /** Share of its hosts that must have joined, 0..1. */
  readonly joined: number;
  /** For how long without a break, ms. */
  readonly forMs: number;
}

/** What decides about an instance's wave. */
interface WaveFacts {
  readonly account: Pick<Account, 'accountId' | 'ancestorIds' | 'tags'>;
  readonly region: Region;
  readonly instanceId: InstanceId;
  /** The instance's own. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The name of the first wave that selects the instance. Null when there are no waves, or when it hangs on tags of the account
 * that are not known: nothing is sent to such a host.
 *
 * @param waves in file order, as compiled: the last one takes what is left
 */
export function waveOf(waves: readonly Wave[], facts: WaveFacts): string | null {
  for (const wave of waves) {
    const isPossible =
      maySelect(wave, facts.account, facts.region) &&
      wave.instanceTags.every((rule) => carriesTag(facts.tags, rule)) &&
      hasPlaceIn(wave.share, facts.instanceId);
    if (!isPossible) continue;
    return wave.accountTags.length > 0 && facts.account.tags === undefined ? null : wave.name;
  }
  return null;
}

/** Whether a wave may hold instances of this account and region: by what is known of the account, whatever the instances are. @param region null: any of it */
export function maySelect(wave: Wave, account: WaveFacts['account'], region: Region | null): boolean {
  const { units, accounts, regions, accountTags } = wave;
  if (units !== null && !account.ancestorIds.some((id) => units.includes(id))) return false;
  if (accounts !== null && !accounts.includes(account.accountId)) return false;
  if (regions !== null && region !== null && !regions.includes(region)) return false;
  const { tags } = account;
  return tags === undefined || accountTags.every((rule) => carriesTag(tags, rule));
}

/**
 * Whether an instance is among the first `share` of all by the hash of its id. The order is the same for every wave: a wave
 * with 5 % and a later one with 30 % hold the first 5 % and the next 25 %.
 */
export function hasPlaceIn(share: number, instanceId: InstanceId): boolean {
  if (share >= 1) return true;
  return Number.parseInt(hash('sha256', instanceId).slice(0, 12), 16) / 2 ** 48 < share;
}

/** One word for what a list of waves says: another one after any change of it. Empty without waves. */
export function digestOfWaves(waves: readonly Wave[]): string {
  return waves.length === 0 ? '' : hash('sha256', JSON.stringify(waves)).slice(0, 16);
}
