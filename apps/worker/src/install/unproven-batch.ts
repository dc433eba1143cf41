import { timeOfBatch } from '@muster/core/install/marker';
import { longestLifeMs } from '@muster/core/install/command';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { Intent } from '@muster/core/install/intent';
import type { Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import type { LookOutcome } from './batch-access.ts';
import { applyWithIntent } from '@muster/core/enrollment/apply-events';
import { raiseUntrusted } from '../control/untrusted-ledger.ts';
import type { Versioned } from '@muster/core/enrollment/enrollment-store';

/**
 * Leaves a batch alone whose target is out of scope and whose intent no worker has sealed: a forged one, or one of an
 * older release in an account that has left since. Nothing of AWS is asked. It is told, and ends when no command
 * of its time can be live any more.
 */
export async function leaveBatch(
  target: Target,
  { value: intent, version }: Versioned<Intent>,
  deps: HandlerDeps,
): Promise<LookOutcome> {
  const { batchId, instanceIds } = intent;
  const why = 'of a batch that no worker wrote, in a target out of scope';
  await raiseUntrusted(
    target,
    instanceIds.map((id) => ({ id, why })),
    deps,
  );
  const ageMs = deps.clock.now() - timeOfBatch(batchId);
  const mayBeLive = Math.abs(ageMs) < longestLifeMs(deps.config.install) + deps.config.install.resendAfterMs;
  if (mayBeLive) {
    return {
      nextInMs: deps.timings.deniedMs,
      result: { ended: 0, open: instanceIds.length, state: 'unproven' },
    };
  }
  const closed = { batchId, expected: version, value: null };
  await applyWithIntent(deps, target, instanceIds, (_, record) => endOf(intent, record, deps), closed);
  return { nextInMs: null, result: { ended: instanceIds.length, open: 0, state: 'unproven' } };
}

function endOf(
  { batchId }: Intent,
  record: StoredRecord,
  { clock }: Pick<HandlerDeps, 'clock'>,
): readonly EnrollmentEvent[] {
  if (record.state === 'sending' && record.batchId === batchId) {
    return [{ kind: 'send-refused', batchId, cause: null, readyAtMs: clock.now() }];
  }
  if (record.state !== 'installing' || record.batchId !== batchId) return [];
  const result = { kind: 'failure', cause: 'ec2-ssm-command-lost', exitCode: null, output: '' } as const;
  return [{ kind: 'ended', commandId: record.commandId, result }];
}
