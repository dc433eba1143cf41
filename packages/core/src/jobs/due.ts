/** The kinds of work that fall due. Each has one index in the ledger. */
export const DUE_KINDS = [
  'accounts',
  'regions',
  'scan',
  'install',
  'collect',
  'verify',
  'inventory',
  'labels',
] as const;
export type DueKind = (typeof DUE_KINDS)[number];

/** The only member of the indexes whose work is the organization's: `accounts`, `inventory` and `labels`. */
export const ORGANIZATION_MEMBER = 'organization';
