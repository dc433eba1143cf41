import { INSTANCES_PER_COMMAND } from '../install/command.ts';

/**
 * AWS's own numbers that shape our calls, each with where it was read (November 2026).
 * Rates of Run Command are not published; pacing by throttle answers is the job layer's work.
 */

/**
 * Instances per DescribeInstances page; AWS takes 5 to 1,000. A full page is read in one go, which holds the event loop,
 * and with it every lock renewal and health answer, for about 30 ms (`lean-instances`; the SDK's own reader would take
 * 200). A target at SSM's quota of 2,400 nodes takes three calls out of a bucket of 100.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export const DESCRIBE_INSTANCES_PAGE = 1_000;

/** DescribeInstanceInformation: 5 to 50. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeInstanceInformation.html */
export const MANAGED_NODES_PAGE = 50;

/** ListCommandInvocations: 1 to 50. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ListCommandInvocations.html */
export const INVOCATIONS_PAGE = 50;

/** Organizations lists: 1 to 20. https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html */
export const ORGANIZATIONS_PAGE = 20;

/** Account:ListRegions: 1 to 50. https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html */
export const REGIONS_PAGE = 50;

/** What one process takes of an Organizations bucket, about three quarters of AWS's figure. */
export interface Pace {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * AWS's own per calling account: ListAccounts 8/s burst 12, ListAccountsForParent 5/s burst 8, ListChildren 6/s burst 10,
 * ListRoots 1/s burst 2, ListTagsForResource 10/s burst 15. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
 */
export const ORGANIZATIONS_PACE = {
  ListAccounts: { perSecond: 6, burst: 9 },
  ListAccountsForParent: { perSecond: 3.75, burst: 6 },
  ListChildren: { perSecond: 4.5, burst: 7 },
  ListRoots: { perSecond: 0.75, burst: 2 },
  ListTagsForResource: { perSecond: 7.5, burst: 11 },
} as const satisfies Readonly<Record<string, Pace>>;

/** SendCommand's MaxConcurrency and MaxErrors: the whole batch at once, and one host's failure never withholds the command from another. */
export const SEND_MAX_CONCURRENCY = String(INSTANCES_PER_COMMAND);
export const SEND_MAX_ERRORS = '100%';

/** Session length asked of AssumeRole: role chaining allows one hour at most, so more would fail. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const SESSION_SECONDS = 3600;

/** The SDK has no time-outs of its own. A connection, a first byte and a silent socket each get one. */
export const CONNECTION_TIMEOUT_MS = 5_000;
export const REQUEST_TIMEOUT_MS = 20_000;
export const SOCKET_TIMEOUT_MS = 20_000;
