import { type Account, checkSeal } from '@muster/core/organization/account';
import { ACCOUNT_TAGS_ACTION } from '@muster/core/organization/aws-actions';
import { isJobError, type JobError } from '@muster/core/runtime/errors';
import type { AccountId } from '@muster/core/organization/ids';
import { needsAccountTags } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import { sealerOf } from './account-scope.ts';

type Deps = Pick<HandlerDeps, 'config' | 'organization' | 'clock' | 'timings' | 'random' | 'installation'>;

/** When the tags of accounts may not be read. */
export const ACCOUNT_TAGS_REMEDY = `Allow ${ACCOUNT_TAGS_ACTION} to the discovery role, or take account_tags and exclude_account_tags out of the configuration.`;

/** Where tags are remembered and findings told; a report that stands for itself has none. */
export type TagMemory = Pick<HandlerDeps['ledger'], 'coverage' | 'control'>;

/** Fills in the tags of accounts, page by page; see `createTagFiller`. */
export interface TagFiller {
  fill(page: readonly Account[]): Promise<readonly Account[]>;
  /** After the last page: throws the denial when an account was left without its tags, since it is unknown which accounts are in scope. */
  end(): Promise<void>;
}

/**
 * Fills in the own tags of accounts where it depends on them whether a matcher covers an account. What the ledger knows is
 * believed for an hour; the rest is asked for, one call per account. A missing permission is a finding, asked for once per
 * listing: tags that are known go on counting.
 */
export function createTagFiller(
  deps: Deps,
  memory: TagMemory | null,
  callerAccountId: AccountId | null,
  signal: AbortSignal,
): TagFiller {
  let denial: JobError | null = null;
  let unknown = false;
  let asked = false;

  async function fillOne(account: Account): Promise<Account> {
    if (!needsAccountTags(deps.config.matchers, account, callerAccountId)) return account;
    const known = (await memory?.coverage.account(account.accountId))?.account;
    const now = deps.clock.now();
    // What carries no seal is not believed: sealed again, it would be.
    const age = { nowMs: now, believedMs: Number.POSITIVE_INFINITY };
    const isProven = known !== undefined && checkSeal(known, sealerOf(deps), age) === 'valid';
    const { tags, tagsReadAtMs } = isProven ? known : {};
    // Each account's tags age at their own pace, so that they are not all asked for at once.
    const believedMs = deps.timings.accountTagsMs * (0.5 + deps.random() / 2);
    if (tags !== undefined && now - (tagsReadAtMs ?? 0) < believedMs) {
      return { ...account, tags, tagsReadAtMs };
    }
    if (denial === null) {
      try {
        asked = true;
        const read = await deps.organization.listAccountTags(account.accountId, signal);
        return { ...account, tags: read, tagsReadAtMs: now };
      } catch (error) {
        if (!isJobError(error, 'aws.denied')) throw error;
        denial = error;
      }
    }
    if (tags === undefined) unknown = true;
    return tags === undefined ? account : { ...account, tags, tagsReadAtMs };
  }

  return {
    async fill(page) {
      const filled: Account[] = [];
      for (const account of page) filled.push(await fillOne(account));
      return filled;
    },
    async end() {
      if (denial === null) {
        if (asked) await memory?.control.clear('account-tags-denied', 'all');
        return;
      }
      await memory?.control.raise({
        kind: 'account-tags-denied',
        scope: 'all',
        sinceMs: deps.clock.now(),
        message: `The tags of accounts cannot be read, so account_tags says nothing about new ones: ${denial.message}`,
        remedy: ACCOUNT_TAGS_REMEDY,
      });
      if (unknown) throw denial;
    },
  };
}
