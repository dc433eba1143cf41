import { createAwsAdapter } from '@muster/core/aws/adapter';
import { installationId } from '@muster/core/config/installation-id';
import type { MusterConfig } from '@muster/core/config/model';
import { randomShare } from '@muster/core/runtime/clock';
import type { LedgerClock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createTimings } from './timings.ts';

/** What reads AWS in this process, with this shell's credentials and without Redis; `aws` is to be closed. */
export function createLocalReaders({
  config,
  clock,
  log,
}: {
  readonly config: MusterConfig;
  readonly clock: LedgerClock;
  readonly log: Logger;
}) {
  const aws = createAwsAdapter({
    clock,
    observe: () => undefined,
    partition: config.matchers[0]?.partition ?? 'aws',
    sessionName: installationId(config),
    log,
    random: randomShare,
  });
  const readers = {
    config,
    organization: aws,
    accounts: aws,
    instances: aws,
    clock,
    timings: createTimings(config),
    random: randomShare,
    installation: installationId(config),
  };
  return { aws, readers };
}
