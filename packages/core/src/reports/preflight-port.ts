import type { OptionalMemberAction, MemberAction } from '../organization/aws-actions.ts';
import type { AccountId } from '../organization/ids.ts';
import type { RoleReference } from '../scan/matcher.ts';

/** Who the worker is for AWS. */
export interface CallerFacts {
  readonly accountId: AccountId;
  /** Such as `arn:aws:sts::111122223333:assumed-role/muster/i-0123…`. */
  readonly arn: string;
  /** Where the credentials came from, in words: `environment variables`, `instance role (IMDS)` …; `unknown` when the SDK does not tell. */
  readonly source: string;
  /** This machine's clock minus AWS's, in ms, good to about a second; null when AWS sent no readable date. */
  readonly clockOffsetMs: number | null;
}

/** What the discovery role may do in Organizations. */
export interface OrganizationFacts {
  /** Null when ListRoots was denied. */
  readonly organizationId: string | null;
  /** Null when ListRoots was denied. */
  readonly managementAccountId: AccountId | null;
  /** The actions that were denied, with AWS's words. The optional one among them when it was. */
  readonly denied: readonly { readonly action: string; readonly message: string }[];
}

/** Calls that are made to see whether they are allowed, and change nothing. */
export interface PreflightPort {
  /**
   * sts:GetCallerIdentity, which needs no permission. Throws `aws.credentials`: without `details.awsCode` when there are
   * none; when AWS refused them, with `details.source` and `details.clockOffsetMs`. Throws `aws.unavailable`.
   */
  describeCaller(signal: AbortSignal): Promise<CallerFacts>;
  /** Tries each call of Organizations once. Throws `aws.organization` when there is none; `aws.throttled`, `aws.unavailable`, `aws.credentials`. */
  probeOrganization(signal: AbortSignal): Promise<OrganizationFacts>;
  /**
   * Whether the account's role may make a call that no other port makes by itself. Throws `aws.denied` when it may not,
   * and as `AccountPort.enter` does.
   */
  probeMember(
    access: { readonly accountId: AccountId; readonly role: RoleReference | null },
    action: Extract<MemberAction | OptionalMemberAction, 'account:ListRegions' | 'ec2:DescribeRegions'>,
    signal: AbortSignal,
  ): Promise<void>;
}
