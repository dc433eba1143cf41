import { z } from 'zod';
import { AccountId, Region } from './ids.ts';

/** One account × region: the unit of scanning and pacing. */
export const Target = z.object({ accountId: AccountId, region: Region });
export type Target = z.infer<typeof Target>;

/** A target as one word, `111122223333.eu-west-1`: fit for Redis keys and for BullMQ job ids, which refuse `:` and all-digit ids. */
export type TargetId = string & { readonly __brand: 'TargetId' };

export function targetId(target: Target): TargetId {
  return `${target.accountId}.${target.region}` as TargetId;
}

/** The reverse of `targetId` for what lies in a store: null for anything that it did not make. */
export function readTargetId(id: string): Target | null {
  const dot = id.indexOf('.');
  const parsed = Target.safeParse({ accountId: id.slice(0, dot), region: id.slice(dot + 1) });
  return parsed.success ? parsed.data : null;
}

/** The reverse of `targetId`. Throws a ZodError when `id` was not made by it. */
export function parseTargetId(id: string): Target {
  const dot = id.indexOf('.');
  return Target.parse({ accountId: id.slice(0, dot), region: id.slice(dot + 1) });
}
