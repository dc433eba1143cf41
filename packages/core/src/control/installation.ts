/** What tells one installation from another: whose hosts it enrolls, and where. */
export interface Installation {
  /** The proxy's host in lower case, without its port; empty when the configuration names none. */
  readonly cluster: string;
  readonly group: string;
  /** Ids of AWS Organizations, sorted; none where every matcher is of one account. */
  readonly organizations: readonly string[];
}

/**
 * What this release writes as `v` into all that it stores, and into every ledger that it uses. Raised with every new state,
 * cause or field. 1 is what carries no number.
 */
export const LEDGER_SCHEMA = 4;
/** The oldest release, by its `LEDGER_SCHEMA`, that can read what this one writes. 1 refuses fields that it does not know. */
export const LEDGER_READABLE_FROM = 2;

/** Whose a ledger is, as the ledger itself says. */
export interface LedgerOwner extends Installation {
  readonly schema: number;
  readonly readableFrom: number;
}

/** `claim`: the ledger says it anew, with what is given. `foreign`: it is another installation's, or a newer release's. */
export type OwnerJudgment =
  | { readonly kind: 'mine' }
  | { readonly kind: 'claim'; readonly owner: LedgerOwner }
  | { readonly kind: 'foreign'; readonly reason: string };

/**
 * Judges whether a process of `mine` may use a ledger. Cluster and discovery group are what an installation is. Of the
 * organizations one must be the same: so one can be added, and later the other taken out. A ledger in which no account was
 * ever listed belongs to no installation: a first configuration with a wrong id is no installation yet.
 *
 * @param owner null for a ledger that was never claimed: an older release's, or an empty one
 */
export function judgeOwner(
  owner: LedgerOwner | null,
  mine: Installation,
  ledger: { readonly prefix: string; readonly hasAccounts: boolean },
): OwnerJudgment {
  const claimed: LedgerOwner = {
    ...mine,
    organizations:
      mine.organizations.length === 0 && owner !== null ? owner.organizations : mine.organizations,
    schema: Math.max(LEDGER_SCHEMA, owner?.schema ?? 0),
    readableFrom: Math.max(LEDGER_READABLE_FROM, owner?.readableFrom ?? 0),
  };
  if (owner === null) return { kind: 'claim', owner: claimed };
  if (LEDGER_SCHEMA < owner.readableFrom) {
    return {
      kind: 'foreign',
      reason: `The ledger of prefix "${ledger.prefix}" in this Redis was written by a newer release (schema ${owner.schema}, which releases from schema ${owner.readableFrom} can read; this one has ${LEDGER_SCHEMA}). Run that release, or a newer one.`,
    };
  }
  if (!isSame(owner, mine)) {
    if (!ledger.hasAccounts) return { kind: 'claim', owner: claimed };
    return { kind: 'foreign', reason: foreignReason(owner, mine, ledger.prefix) };
  }
  return sameText(owner, claimed) ? { kind: 'mine' } : { kind: 'claim', owner: claimed };
}

function isSame(owner: Installation, mine: Installation): boolean {
  if (owner.cluster !== mine.cluster || owner.group !== mine.group) return false;
  if (owner.organizations.length === 0 || mine.organizations.length === 0) return true;
  return mine.organizations.some((id) => owner.organizations.includes(id));
}

function sameText(a: LedgerOwner, b: LedgerOwner): boolean {
  return (
    a.schema === b.schema &&
    a.readableFrom === b.readableFrom &&
    a.organizations.join(' ') === b.organizations.join(' ')
  );
}

function foreignReason(owner: Installation, mine: Installation, prefix: string): string {
  return (
    `The ledger of prefix "${prefix}" in this Redis belongs to another installation: ${describe(owner)}. ` +
    `This configuration is for ${describe(mine)}. Give it a prefix of its own (muster.redis.prefix), or a Redis of its own. ` +
    'If this installation is to take the place of that one, see "Give a prefix up" in docs/runbook.md.'
  );
}

function describe({ cluster, group, organizations }: Installation): string {
  const groupText = group === '' ? 'no discovery group' : `discovery group "${group}"`;
  const organizationText =
    organizations.length === 0
      ? 'single accounts'
      : `${organizations.length === 1 ? 'organization' : 'organizations'} ${organizations.join(', ')}`;
  return `cluster ${cluster}, ${groupText}, ${organizationText}`;
}
