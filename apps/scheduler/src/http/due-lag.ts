/** A longer lag is reported as this: two weeks and three mean the same to an operator. */
const LONGEST_LAG_SECONDS = 14 * 86_400;

/**
 * How long the oldest overdue member has been due, in whole seconds, rounded down; 0 when nothing is due. The ledger
 * answers how many are due at a time, so the age is found by halving: one question when nothing is overdue, about twenty
 * for an hour.
 *
 * @param dueAt how many members are due at an epoch ms; never grows towards the past
 */
export async function oldestLagSeconds(
  dueAt: (atMs: number) => Promise<number>,
  nowMs: number,
): Promise<number> {
  const isDueSince = async (seconds: number): Promise<boolean> => (await dueAt(nowMs - seconds * 1_000)) > 0;
  if (!(await isDueSince(1))) return 0;
  let due = 1;
  while (due < LONGEST_LAG_SECONDS && (await isDueSince(due * 2))) due *= 2;
  let notDue = due * 2;
  while (notDue - due > 1) {
    const middle = Math.floor((due + notDue) / 2);
    if (await isDueSince(middle)) due = middle;
    else notDue = middle;
  }
  return Math.min(due, LONGEST_LAG_SECONDS);
}
