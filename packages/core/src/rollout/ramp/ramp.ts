/**
 * How a mass start begins with a few hosts and grows. A *step* lets so many hosts begin; it is *done* when the share `success`
 * of them has joined, and the next one is `factor` times as large. One failure of five is 80 %, so a step that is not done
 * proves little: the same size is tried once more, until the hosts of that size together say with near certainty that more fail
 * than a healthy fleet has. Then the ramp stops.
 *
 * The evidence is Wald's sequential test: each failure adds, each other host takes away. Bad hosts fail in seconds and good
 * ones join in minutes, so a host that has not ended counts as one that joins. The account with the most failures is left out
 * where three or more have hosts in it and not all have failed: one broken account is stopped by its own brake, and holds no other back.
 */

/** What `muster.rollout.ramp` says. */
export interface RampRule {
  /** Hosts of the first step. */
  readonly first: number;
  /** How many times as large the next step is. */
  readonly factor: number;
  /** Share of a step that must have joined, 0..1. */
  readonly success: number;
  readonly off: boolean;
}

/** Hosts of a ramp, as they stand now. `tried` and `earlier` are of the present size. */
export interface RampStep {
  /** Hosts that may begin in this step. */
  readonly size: number;
  /** Hosts that have begun in it. */
  readonly taken: number;
  readonly joined: number;
  readonly failed: number;
  /** Hosts of earlier steps of this size, and how many of them failed. */
  readonly tried: number;
  readonly triedFailed: number;
  /** Failures of this size by account. */
  readonly failedByAccount: readonly number[];
  /** Accounts that have had hosts in the step. */
  readonly accounts: number;
  /** Evidence left from smaller steps, 0 or more. */
  readonly carried: number;
}

/** What becomes of a step. */
export type RampMove =
  | { readonly kind: 'wait' }
  /** Done: the next step has `size` hosts. */
  | { readonly kind: 'grow'; readonly size: number; readonly carried: number }
  /** Done, and the next step would be wider than the cap of all: from here on the caps and the brake are enough. */
  | { readonly kind: 'end' }
  /** Not done, for reasons that prove nothing: once more. */
  | { readonly kind: 'repeat' }
  /** More fail than in a healthy fleet. */
  | { readonly kind: 'stop' };

/** Evidence that stops a ramp: a fleet with half of the allowed failures comes this far once in e^7 sizes at most. */
const CERTAIN = 7;
/** As in the brake: of fewer accounts, one says as much as all. */
const SEVERAL_ACCOUNTS = 3;

/** Decides what becomes of a step. @param capOfAll `muster.limits.installs_in_flight` */
export function moveOfRamp(step: RampStep, rule: RampRule, capOfAll: number): RampMove {
  const needed = hostsNeeded(step.size - spared(step), rule);
  const evidence = evidenceOf(step, rule, failuresOf(step), leftOut(step));
  if (step.joined >= needed) {
    const size = step.size * rule.factor;
    if (size > capOfAll) return { kind: 'end' };
    return { kind: 'grow', size, carried: Math.max(0, evidence) };
  }
  if (evidence >= CERTAIN) return { kind: 'stop' };
  const open = step.taken - step.joined - step.failed;
  const isMissed = step.taken === step.size && step.failed > step.size - needed;
  if (!isMissed) return { kind: 'wait' };
  // Those that have not ended may all fail: begun anew while that could still stop it, more hosts than the step has would follow.
  const worst = evidenceOf(step, rule, failuresOf(step) + open);
  return open === 0 || worst < CERTAIN ? { kind: 'repeat' } : { kind: 'wait' };
}

/** Sizes of the steps in which so many hosts begin when all are well, the last one whole; none without a ramp. @param capOfAll as above */
export function stepsOfHealthyRamp(rule: RampRule, hosts: number, capOfAll: number): readonly number[] {
  const sizes: number[] = [];
  let begun = 0;
  for (let size = rule.first; !rule.off && size <= capOfAll && begun < hosts; size *= rule.factor) {
    sizes.push(size);
    begun += size;
  }
  return sizes;
}

/** How many hosts of a step must have joined. */
export function hostsNeeded(size: number, { success }: Pick<RampRule, 'success'>): number {
  // 0.9 × 10 is a little more than 9 where numbers are binary.
  return Math.min(size, Math.max(1, Math.ceil(success * size - 1e-9)));
}

function failuresOf({ failed, triedFailed }: RampStep): number {
  return failed + triedFailed;
}

/** Failures of the worst account so far that hold no step: it would hold every one until its own brake stops it. */
const SPARED_FROM = 3;

function spared(step: RampStep): number {
  const worst = leftOut(step);
  return worst < SPARED_FROM ? 0 : Math.min(worst, step.failed);
}

/** Failures of the worst account: none where every host has failed, for then it is no worse than others. */
function leftOut({ size, failed, tried, triedFailed, accounts, failedByAccount }: RampStep): number {
  const haveAllFailed = failed === size && triedFailed === tried;
  return accounts < SEVERAL_ACCOUNTS || haveAllFailed ? 0 : Math.max(0, ...failedByAccount);
}

/** Log of how much better a fleet with thrice the allowed failures explains these hosts than one with half of them. */
function evidenceOf(step: RampStep, { success }: RampRule, failures: number, without = 0): number {
  const allowed = Math.min(0.3, Math.max(0.02, 1 - success));
  const [healthy, ill] = [allowed / 2, allowed * 3];
  const others = Math.max(0, step.tried + step.size - failures);
  const counted = failures - without;
  return step.carried + counted * Math.log(ill / healthy) + others * Math.log((1 - ill) / (1 - healthy));
}
