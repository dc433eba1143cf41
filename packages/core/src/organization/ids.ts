import { z } from 'zod';

/** An AWS account number: exactly twelve digits, leading zeros kept. */
export const AccountId = z
  .string()
  .regex(/^\d{12}$/, 'an AWS account id has 12 digits')
  .brand('AccountId');
export type AccountId = z.infer<typeof AccountId>;

/** An AWS region name such as `eu-west-1`; only the alphabet is checked, so that new regions need no release. */
export const Region = z
  .string()
  .regex(/^[a-z]{2,}(-[a-z0-9]+)+$/, 'an AWS region looks like eu-west-1')
  .brand('Region');
export type Region = z.infer<typeof Region>;

/** An EC2 instance id: `i-` and 8 or 17 hexadecimal digits. */
export const InstanceId = z
  .string()
  .regex(/^i-([0-9a-f]{8}|[0-9a-f]{17})$/, 'an EC2 instance id looks like i-0123456789abcdef0')
  .brand('InstanceId');
export type InstanceId = z.infer<typeof InstanceId>;

/** The UUID that SSM gives a command. */
export const CommandId = z
  .string()
  .regex(/^[0-9a-f-]{36}$/)
  .brand('CommandId');
export type CommandId = z.infer<typeof CommandId>;

/** Our own id of a batch of candidates that share one command: a ULID, so that batches sort by time. */
export const BatchId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  .brand('BatchId');
export type BatchId = z.infer<typeof BatchId>;

/** The id of a sweep: a ULID. */
export const SweepId = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/);

/** The key of a matcher, derived from its content (see `matcherKey`): 16 hexadecimal digits. */
export const MatcherKey = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .brand('MatcherKey');
export type MatcherKey = z.infer<typeof MatcherKey>;
