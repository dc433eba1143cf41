/** What a pause, a finding or an operator's act is about: a value, and the one place where its text is written and read. */
import { StoredCause } from '../enrollment/cause.ts';
import { AccountId, InstanceId, Region } from '../organization/ids.ts';

export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'account'; readonly value: AccountId }
  | { readonly kind: 'region'; readonly value: Region }
  | { readonly kind: 'instance'; readonly value: InstanceId }
  | { readonly kind: 'cause'; readonly value: StoredCause };
export type ScopeKind = Scope['kind'];

/** A scope as it is stored and shown: `all`, `account:111122223333`, `region:eu-west-1`, `instance:i-…`, `cause:…`. */
export type ScopeText =
  | 'all'
  | `account:${AccountId}`
  | `region:${Region}`
  | `instance:${InstanceId}`
  | `cause:${StoredCause}`;

/** The scope that is everything. */
export const ALL: Scope = { kind: 'all' };

/** The kinds that an operator names by an option of the same name. */
export const SCOPE_KINDS = [
  'all',
  'account',
  'region',
  'instance',
  'cause',
] as const satisfies readonly ScopeKind[];

/** Null where the value does not fit the kind. */
export function makeScope(kind: ScopeKind, value: string): Scope | null {
  switch (kind) {
    case 'all':
      return ALL;
    case 'account':
      return checked(AccountId.safeParse(value), (id) => ({ kind, value: id }));
    case 'region':
      return checked(Region.safeParse(value), (region) => ({ kind, value: region }));
    case 'instance':
      return checked(InstanceId.safeParse(value), (id) => ({ kind, value: id }));
    case 'cause':
      return checked(StoredCause.safeParse(value), (cause) => ({ kind, value: cause }));
    default:
      return kind satisfies never;
  }
}

/** The reverse of `printScope`; null for any other text. */
export function parseScope(text: string): Scope | null {
  if (text === 'all') return ALL;
  const { kind, subject } = cut(text);
  const known = SCOPE_KINDS.find((one) => one === kind);
  return known === undefined || known === 'all' ? null : makeScope(known, subject);
}

export function printScope(scope: Scope): ScopeText {
  switch (scope.kind) {
    case 'all':
      return 'all';
    case 'account':
      return `account:${scope.value}`;
    case 'region':
      return `region:${scope.value}`;
    case 'instance':
      return `instance:${scope.value}`;
    case 'cause':
      return `cause:${scope.value}`;
    default:
      return scope satisfies never;
  }
}

/** For a sentence: `every account`, `account 111122223333`. */
export function describeScope(text: ScopeText): string {
  if (text === 'all') return 'every account';
  const { kind, subject } = cut(text);
  return `${kind} ${subject}`;
}

/** The option by which a command takes a scope: `--all`, `--account 111122223333`. */
export function scopeFlag(text: ScopeText): string {
  return text === 'all' || isForeignScope(text) ? '--all' : `--${describeScope(text)}`;
}

/** What the scope of any finding names, without its kind: of `process:HOST/1` the process. */
export function subjectOf(text: string): string {
  return cut(text).subject;
}

/** Where something is, as far as it is told. */
export interface Place {
  readonly accountId: AccountId;
  readonly region: Region;
  readonly instanceId?: InstanceId;
  /** Null for an instance that has none. */
  readonly cause?: StoredCause | null;
}

/** Whether the scope holds the place, or, where the place does not tell, may hold some of it. */
export function covers(scope: Scope, place: Place): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'account':
      return scope.value === place.accountId;
    case 'region':
      return scope.value === place.region;
    case 'instance':
      return place.instanceId === undefined || scope.value === place.instanceId;
    case 'cause':
      return place.cause === undefined || scope.value === place.cause;
    default:
      return scope satisfies never;
  }
}

/**
 * The scope of a pause that stops sends to this place, the widest first; null when none does. A pause of a newer release,
 * whose scope this one does not know, may mean any place: it stops all sends of this release.
 */
export function pausedBy(pauses: ReadonlySet<string>, place: Place): string | null {
  const over: readonly ScopeText[] = [
    'all',
    `account:${place.accountId}`,
    `region:${place.region}`,
    ...(place.instanceId === undefined ? [] : [`instance:${place.instanceId}` as const]),
    ...(typeof place.cause === 'string' ? [`cause:${place.cause}` as const] : []),
  ];
  return over.find((scope) => pauses.has(scope)) ?? [...pauses].find(isForeignScope) ?? null;
}

/** Whether only a newer release knows this kind of scope. Of the commands of this one, `muster resume --all` ends its pause. */
export function isForeignScope(text: string): boolean {
  return text !== 'all' && !SCOPE_KINDS.some((kind) => kind === cut(text).kind);
}

function cut(text: string): { readonly kind: string; readonly subject: string } {
  const colon = text.indexOf(':');
  return { kind: text.slice(0, Math.max(colon, 0)), subject: text.slice(colon + 1) };
}

function checked<T>(
  parsed: { readonly success: true; readonly data: T } | { readonly success: false },
  make: (value: T) => Scope,
): Scope | null {
  return parsed.success ? make(parsed.data) : null;
}
