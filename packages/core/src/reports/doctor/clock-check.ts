import { findingsOfClocks, heardOf, type ProcessClock } from '../../control/process-clock.ts';
import { subjectOf } from '../../control/scope.ts';
import { passed, skipped, warned, type Check } from './check.ts';

/** `resendAfter` allows for 30 s. */
const TOLERATED_MS = 30_000;

const REMEDY =
  'Let the worker’s host keep time: timedatectl set-ntp true (chronyd or systemd-timesyncd; on EC2 from 169.254.169.123).';

/** A note, however far it is off: requests are signed by AWS's time, and nothing stops. @param offsetMs the worker's clock minus AWS's; null when AWS could not be asked */
export function judgeClock(offsetMs: number | null): Check {
  if (offsetMs === null) return skipped('clock', 'AWS sent no date to compare with');
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  const detail =
    seconds <= 1 ? 'agrees with AWS' : `${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'} AWS`;
  if (Math.abs(offsetMs) > TOLERATED_MS) return warned('clock', 'clock-skew', detail, REMEDY);
  return passed('clock', detail);
}

/**
 * Every process's clock, whichever worker answers for the rest; without a check where no process has told of its own. Each
 * that is off is a note: a process works on by the clocks of Redis and AWS.
 *
 * @param redisNowMs Redis's time (epoch ms)
 */
export function judgeProcessClocks(
  clocks: readonly ProcessClock[],
  redisPlace: string,
  redisNowMs: number,
): readonly Check[] {
  const heard = heardOf(clocks, redisNowMs);
  const findings = findingsOfClocks(clocks, redisPlace, redisNowMs);
  if (heard.length === 0) return [];
  const checks = findings.map(({ scope, message, remedy }) =>
    warned('clock', 'clock-skew', message, remedy, { subject: subjectOf(scope) }),
  );
  const sum = heard.length === 1 ? 'the one process agrees' : `all ${heard.length} processes agree`;
  return checks.length > 0 ? checks : [passed('clock', `${sum} with Redis`, { subject: 'processes' })];
}
