import DataLoader from 'dataloader';

/**
 * Gathers calls that are made in one turn of the event loop into few round trips: at most `most` in one. An answer per
 * call, in their order; when the round trip fails, each of its calls fails with that error.
 */
export function gatherCalls<Call, Answer>(
  most: number,
  ask: (calls: readonly Call[]) => Promise<readonly Answer[]>,
): (call: Call) => Promise<Answer> {
  const loader = new DataLoader<Call, Answer>(ask, { cache: false, maxBatchSize: most });
  return (call) => loader.load(call);
}
