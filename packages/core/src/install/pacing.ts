import type { AwsAction } from '../organization/aws-actions.ts';

/**
 * The calls that are paced per account and region, and the calls per second that AWS is assumed to allow: it publishes no
 * rates of Run Command. They are the defaults of `muster.pacing`, and throttle answers correct them.
 */
export const ASSUMED_RATES = {
  'ssm:SendCommand': 5,
  'ssm:ListCommandInvocations': 10,
  'ssm:DescribeInstanceInformation': 10,
} as const satisfies Partial<Record<AwsAction, number>>;

export type PacedAction = keyof typeof ASSUMED_RATES;

/** A token bucket as AWS has it: `burst` at once, refilled by `perSecond`. */
export interface Quota {
  readonly burst: number;
  readonly perSecond: number;
}

/**
 * The bucket of a rate: it holds two seconds' worth, as those do that AWS publishes.
 *
 * @param speed how much faster than time a simulation runs; its buckets refill so much faster. @default 1
 */
export function quotaOf(perSecond: number, speed = 1): Quota {
  return { burst: 2 * perSecond, perSecond: perSecond * speed };
}

/** What of each account's quota Muster takes; the rest is left to its owners. */
export interface PacingSettings {
  /** 0 < share ≤ 1. @default 0.5 */
  readonly share: number;
  /** AWS's quotas, scaled by the simulated speed as AWS's simulated buckets are. */
  readonly quotas: Readonly<Record<PacedAction, Quota>>;
}

/** Half of what is assumed, in real time. */
export const USUAL_PACING: PacingSettings = {
  share: 0.5,
  quotas: {
    'ssm:SendCommand': quotaOf(ASSUMED_RATES['ssm:SendCommand']),
    'ssm:ListCommandInvocations': quotaOf(ASSUMED_RATES['ssm:ListCommandInvocations']),
    'ssm:DescribeInstanceInformation': quotaOf(ASSUMED_RATES['ssm:DescribeInstanceInformation']),
  },
};

/** Our own bucket: a share of AWS's, and at least one call at a time. */
export function shareOf(settings: PacingSettings, action: PacedAction): Quota {
  const quota = settings.quotas[action];
  return { burst: Math.max(1, quota.burst * settings.share), perSecond: quota.perSecond * settings.share };
}
