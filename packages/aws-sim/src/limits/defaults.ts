import { z } from 'zod';

/** A token bucket: so many at once, so many more per second. */
export interface Limit {
  readonly burst: number;
  readonly perSecond: number;
}

/** Buckets of a world that differ from the defaults, by `service:Operation` or `service:*`; null for no limit. */
export const LimitOverrides = z.record(
  z
    .string()
    .regex(/^(\*|[a-z0-9]+:(\*|[A-Za-z]+(\/bare)?))$/u, 'must be "*", "service:*" or "service:Operation"'),
  z.strictObject({ burst: z.number().positive(), perSecond: z.number().positive() }).nullable(),
);
export type LimitOverrides = z.infer<typeof LimitOverrides>;

const limit = (burst: number, perSecond: number): Limit => ({ burst, perSecond });

/**
 * Buckets per calling account, region and API. Organizations as documented
 * (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html), STS 600 per second and
 * account over all its operations, EC2 as documented
 * (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html). Those of Run Command are not published:
 * the values here are assumptions.
 */
const DEFAULT_LIMITS: Readonly<Record<string, Limit>> = {
  'organizations:DescribeOrganization': limit(2, 1),
  'organizations:ListAccounts': limit(12, 8),
  'organizations:ListAccountsForParent': limit(8, 5),
  'organizations:ListOrganizationalUnitsForParent': limit(8, 5),
  'organizations:ListParents': limit(8, 5),
  'organizations:ListChildren': limit(10, 6),
  'organizations:ListRoots': limit(2, 1),
  'organizations:DescribeAccount': limit(30, 20),
  'organizations:DescribeOrganizationalUnit': limit(20, 10),
  'organizations:ListDelegatedAdministrators': limit(8, 5),
  'organizations:ListTagsForResource': limit(15, 10),
  'sts:*': limit(600, 600),
  'account:ListRegions': limit(5, 5),
  'account:GetRegionOptStatus': limit(5, 5),
  'ec2:DescribeInstances': limit(100, 20),
  'ec2:DescribeInstances/bare': limit(50, 10),
  'ec2:DescribeRegions': limit(100, 20),
  'ssm:DescribeInstanceInformation': limit(20, 10),
  'ssm:SendCommand': limit(10, 5),
  'ssm:ListCommandInvocations': limit(20, 10),
  'ssm:ListCommands': limit(10, 5),
  'ssm:GetCommandInvocation': limit(40, 20),
  'ssm:CancelCommand': limit(5, 2),
  'ssm:*': limit(5, 3),
};

/** Buckets of the whole organization, which count beside those of the calling account. */
const ORGANIZATION_LIMITS: Readonly<Record<string, Limit>> = {
  'organizations:ListAccounts': limit(15, 9),
  'organizations:ListAccountsForParent': limit(10, 6),
  'organizations:ListOrganizationalUnitsForParent': limit(10, 6),
  'organizations:ListParents': limit(10, 6),
  'organizations:ListChildren': limit(12, 7),
  'organizations:ListRoots': limit(3, 1),
  'organizations:DescribeAccount': limit(36, 24),
  'organizations:ListDelegatedAdministrators': limit(10, 6),
  'organizations:ListTagsForResource': limit(18, 12),
};

/** One bucket that a call draws from. */
export interface DrawnBucket {
  readonly name: string;
  readonly limit: Limit;
}

/** The buckets that a call of an account in a region draws from; none when the world says it is unlimited. */
export function bucketsFor(
  api: string,
  accountId: string,
  region: string,
  overrides: LimitOverrides,
): DrawnBucket[] {
  const service = `${api.slice(0, api.indexOf(':'))}:*`;
  // All operations of STS share one bucket; everywhere else each has its own.
  const name = `${accountId}/${region}/${service === 'sts:*' ? service : api}`;
  const [operation = api] = api.split('/', 1);
  for (const pattern of [api, operation, service, '*']) {
    const own = overrides[pattern];
    if (own !== undefined) return own === null ? [] : [{ name, limit: own }];
  }
  const usual = DEFAULT_LIMITS[api] ?? DEFAULT_LIMITS[service];
  const shared = ORGANIZATION_LIMITS[api];
  return [
    ...(usual === undefined ? [] : [{ name, limit: usual }]),
    ...(shared === undefined ? [] : [{ name: `organization/${api}`, limit: shared }]),
  ];
}
