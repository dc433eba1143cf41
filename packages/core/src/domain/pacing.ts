/**
 * The calls that are paced per account and region. Run Command's rates are not published (docs/configuration.md says how
 * to set others); the figures are those that a planner may assume, and throttle answers correct them.
 */
export const ASSUMED_QUOTAS = {
  'ssm:SendCommand': { burst: 10, perSecond: 5 },
  'ssm:ListCommandInvocations': { burst: 20, perSecond: 10 },
  'ssm:DescribeInstanceInformation': { burst: 20, perSecond: 10 },
} as const satisfies Record<string, Quota>;

export type PacedAction = keyof typeof ASSUMED_QUOTAS;

/** A token bucket as AWS has it: `burst` at once, refilled by `perSecond`. */
export interface Quota {
  readonly burst: number;
  readonly perSecond: number;
}

/** What of each account's quota Muster takes; the rest is left to its owners. */
export interface PacingSettings {
  /** 0 < share ≤ 1. @default 0.5 */
  readonly share: number;
  /** AWS's quotas, scaled by the simulated speed as AWS's simulated buckets are. */
  readonly quotas: Readonly<Record<PacedAction, Quota>>;
}

/** Our own bucket: a share of AWS's, and at least one call at a time. */
export function shareOf(settings: PacingSettings, action: PacedAction): Quota {
  const quota = settings.quotas[action];
  return { burst: Math.max(1, quota.burst * settings.share), perSecond: quota.perSecond * settings.share };
}
