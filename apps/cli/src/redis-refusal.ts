import type { MusterConfig } from '@muster/core/config/model';
import { installationOf } from '@muster/core/config/installation-id';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import { partsOfFault } from '@muster/core/redis/redis-fault';
import { CommandError, EXIT } from './exit-codes.ts';
import type { Ledger } from '@muster/core/control/ledger';

/** Exit code 78 when the ledger is another installation's: looking at it would show what is not this one's, acting would harm it. */
export async function refuseForeignLedger(
  { owner }: Pick<Ledger, 'owner'>,
  config: MusterConfig,
): Promise<void> {
  const reason = await owner.whyForeign(installationOf(config));
  if (reason !== null) throw new CommandError(EXIT.config, reason);
}

/**
 * The error of a Redis that could not be opened, for people: exit code 78 where the configuration names one that is not for
 * us, 1 where it does not answer.
 *
 * @param hint what else can be done, for a Redis that is simply not there
 */
export function openingFailure(error: unknown, hint = ''): CommandError {
  if (error instanceof CommandError) return error;
  const message = messageOf(error);
  if (isJobError(error, 'config.invalid', 'config.unsafe')) return new CommandError(EXIT.config, message);
  const isExplained = partsOfFault(error).remedy !== '';
  const isLoading = isJobError(error, 'ledger.unavailable') && error.details.loading === true;
  if (isExplained || isLoading) return new CommandError(EXIT.failed, message);
  return new CommandError(
    EXIT.failed,
    `${message}. Is it running, and is REDIS_URL (or muster.redis.url) right?${hint}`,
  );
}
