import { z } from 'zod';
import { AccountId, Region } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';

/** An account and region in which Default Host Management Configuration is to be switched on. */
export interface LackingTarget extends Target {
  /** Hosts that it would win at most; null for one that an earlier run wrote and that lacks it no more. */
  readonly hosts: number | null;
  /** The unit that the account is in: `ou-…`, or the root. Null when no organization listed it: no StackSet reaches it. */
  readonly unit: string | null;
}

/** `targets.json`: what the other files were written from, and what a later run adds to. */
const TargetsFile = z.object({
  version: z.literal(1),
  targets: z.array(
    z.object({
      accountId: AccountId,
      region: Region,
      hosts: z.int().min(0).nullable(),
      unit: z
        .string()
        .regex(/^(r|ou)-[a-z0-9-]+$/)
        .nullable(),
    }),
  ),
});

/** The unit of an account, by its ancestors from the root down; null for what is no id of AWS's alphabet. */
export function unitOf(ancestorIds: readonly string[]): string | null {
  const unit = ancestorIds.at(-1) ?? '';
  return /^(r|ou)-[a-z0-9-]+$/.test(unit) ? unit : null;
}

/** The targets of an earlier run; null for a text that init did not write. */
export function readTargets(text: string): readonly LackingTarget[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return TargetsFile.safeParse(value).data?.targets ?? null;
}

/** The content of `targets.json`. */
export function writeTargets(targets: readonly LackingTarget[]): string {
  const rows = targets.map(({ accountId, region, hosts, unit }) => ({ accountId, region, hosts, unit }));
  return `${JSON.stringify({ version: 1, targets: rows }, null, 2)}\n`;
}

/**
 * What lacks it now and what an earlier run wrote, by account and region. Nothing that was written is taken away again: a
 * target that a StackSet or a state of Terraform holds and that its file no longer names would be switched off by it.
 */
export function mergeTargets(
  lacking: readonly LackingTarget[],
  earlier: readonly LackingTarget[],
): readonly LackingTarget[] {
  const merged = new Map<string, LackingTarget>(
    [...earlier.map((one) => ({ ...one, hosts: null })), ...lacking].map((one) => [targetId(one), one]),
  );
  return [...merged].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target);
}

/** Regions by account, both in ascending order. */
export function regionsByAccount(
  targets: readonly LackingTarget[],
): ReadonlyMap<string, readonly LackingTarget[]> {
  return Map.groupBy(targets, ({ accountId }) => accountId as string);
}
