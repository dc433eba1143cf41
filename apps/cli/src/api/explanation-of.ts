import type { InstanceStory } from '@muster/api/instances';
import type { Explanation } from '@muster/core/reports/explain-instance';

/** `muster explain` from the story of the API: the same words as from the ledger (docs/status-json.md). */
export function explanationOf(story: InstanceStory): Explanation {
  const { instanceId, accountId, region, state, since, cause, causeTitle, owner, remedy, missingNode } =
    story;
  const { nextAttemptAt, waitsFor, pausedBy, matcher, target, attempts, attemptCount, sweepId, outputAlike } =
    story;
  return {
    instanceId,
    accountId,
    region,
    state,
    since,
    cause,
    title: causeTitle,
    owner,
    remedy,
    // The API does not tell it.
    hostManagement: null,
    missingNode,
    nextAttemptAt,
    waitsFor,
    pausedBy,
    matcher,
    targetLastRead: target.lastRead,
    targetStatus: target.status,
    targetLastComplete: target.lastComplete,
    attempts,
    attemptCount,
    sweepId,
    outputAlike,
  };
}
