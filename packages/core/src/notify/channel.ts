import type { Secret } from '../config/secret.ts';
import { isAtLeast, type Severity } from '../control/severity.ts';
import type { CauseOwner } from '../enrollment/cause.ts';
import type { NotifyItem } from './notify-item.ts';

/** Where notifications go. */
export const CHANNEL_KINDS = ['slack', 'webhook', 'pagerduty', 'email'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** What a channel is told of. Null: whatever there is. */
export interface ChannelFilter {
  /** At least this urgent. */
  readonly severity: Severity;
  readonly kinds: readonly string[] | null;
  readonly owners: readonly CauseOwner[] | null;
  /** Only what is about an account below one of these units, or of the root. */
  readonly units: readonly string[] | null;
  readonly accounts: readonly string[] | null;
}

interface ChannelBase {
  /** One per channel: lower-case letters, digits, `-`. */
  readonly name: string;
  readonly filter: ChannelFilter;
  /** Whether it is told of what has ended. */
  readonly resolved: boolean;
  /** Messages within an hour; what comes beyond waits for the next one. */
  readonly perHour: number;
  /** Whether its server may have a private address, or loopback's. */
  readonly allowPrivate: boolean;
}

export type NotifyChannel = ChannelBase & ChannelTarget;

/** How each kind of channel is reached. URLs are secret: many carry a token. */
export type ChannelTarget =
  | { readonly kind: 'slack'; readonly url: Secret }
  /** `secret`: the key of Standard Webhooks' signature, as bytes in base64; null sends unsigned. */
  | { readonly kind: 'webhook'; readonly url: Secret; readonly secret: Secret | null }
  | { readonly kind: 'pagerduty'; readonly url: Secret; readonly routingKey: Secret }
  | {
      readonly kind: 'email';
      readonly host: string;
      readonly port: number;
      /** TLS from the first byte (`smtps:`); else STARTTLS, which must be there unless the server is a private one that is allowed. */
      readonly isTls: boolean;
      readonly user: string | null;
      readonly password: Secret | null;
      readonly from: string;
      readonly to: readonly string[];
    };

/**
 * Whether a channel is told of this.
 *
 * @param unitsOf ids of the root and the units above an account
 */
export function wants(
  { name, filter }: Pick<NotifyChannel, 'name' | 'filter'>,
  item: NotifyItem,
  unitsOf: (accountId: string) => readonly string[],
): boolean {
  // That a channel fails is not told by that channel: it would fail again.
  if (item.kind === 'notify-failed' && item.scope === scopeOfChannel(name)) return false;
  const { accountId } = item;
  return (
    isAtLeast(item.severity, filter.severity) &&
    (filter.kinds === null || filter.kinds.includes(item.kind)) &&
    (filter.owners === null || filter.owners.includes(item.owner)) &&
    (filter.accounts === null || (accountId !== null && filter.accounts.includes(accountId))) &&
    (filter.units === null ||
      (accountId !== null && unitsOf(accountId).some((unit) => filter.units?.includes(unit))))
  );
}

/** The scope of a finding about a channel. */
export function scopeOfChannel(name: string): string {
  return `channel:${name}`;
}
