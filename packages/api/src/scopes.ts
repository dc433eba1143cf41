/** Words that several resources share: counts, owners, scopes. */
import { z } from 'zod';

/** Who must act. */
export const Owner = z.enum(['operator', 'host-owner', 'aws-admin', 'teleport-admin', 'muster']);

/** How urgent a finding is: `page` stops work or endangers hosts, `warn` needs an operator in the next days, `info` is good to know. */
export const Severity = z.enum(['page', 'warn', 'info']);

export const AccountId = z.string().regex(/^\d{12}$/, 'Must be an account id: twelve digits');
export const InstanceId = z
  .string()
  .regex(/^i-([0-9a-f]{8}|[0-9a-f]{17})$/, 'Must be an instance id, such as i-0123456789abcdef0');

/** `all`, `account:111122223333`, `region:eu-west-1`, `instance:i-…`, `cause:…`. */
export const ScopeText = z.string().max(200);

/** Instances by state; a state without instances may be left out. States of a newer release may stand among them. */
export const ByState = z.record(z.string(), z.number().int().nonnegative());
export const ByCause = z.record(z.string(), z.number().int().nonnegative());

/** How the last reading of a target ended; of an account that cannot be entered `denied`. */
export const CoverageStatus = z.enum([
  'complete',
  'partial',
  'denied',
  'regionOff',
  'throttled',
  'failed',
  'pending',
]);
