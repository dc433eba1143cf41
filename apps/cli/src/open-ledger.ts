import { installationOf } from '@muster/core/config/installation-id';
import type { MusterConfig } from '@muster/core/config/model';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import { describeDifference, isClockOff } from '@muster/core/control/process-clock';
import { awaitRedis, closeRedis, createRedis, type RedisProfile } from '@muster/core/redis/connection';
import { isRefusal, partsOfFault, refusedEntry } from '@muster/core/redis/redis-fault';
import { checkRedis, requireRights } from '@muster/core/redis/server-check';
import { createClock } from '@muster/core/runtime/clock';
import type { Clock } from '@muster/core/runtime/clock-port';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import { type Logger, SILENT } from '@muster/core/runtime/logger-port';
import { CommandError, EXIT } from './command-context.ts';

/** How long an operator's command waits for Redis before it says so. */
export const PATIENCE_MS = 3_000;

/**
 * Opens the ledger for one command and closes it after. Exit code 1 when Redis does not answer, 78 when it is not the one
 * that the configuration speaks of.
 *
 * @param use is given a clock that agrees with Redis's, whatever this machine's says
 * @param profile `patient` for a command that goes on for long and sits an outage of Redis out once it has begun
 */
export async function withLedger<T>(
  config: MusterConfig,
  use: (ledger: Ledger, clock: Clock) => Promise<T>,
  profile: RedisProfile = 'fail-fast',
): Promise<T> {
  const log = SILENT;
  const redis = createRedis({ ...config.redis, profile, name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
  } catch (error) {
    await closeRedis(redis);
    throw openingFailure(error);
  }
  try {
    const { prefix } = config.redis;
    const ledger = createRedisLedger({ redis, prefix, log, markerKeys: () => config.markerKeys });
    await refuseForeignLedger(ledger, config);
    return await use(ledger, await clockOfLedger(ledger));
  } catch (error) {
    throw isRefusal(error) || refusedEntry(error) !== null
      ? new CommandError(EXIT.failed, await whyRefused(config, log, error))
      : error;
  } finally {
    await closeRedis(redis);
  }
}

/** An operator's own machine may be wrong about the time: what is written is dated by Redis then, and a line says so. */
async function clockOfLedger(ledger: Ledger): Promise<Clock> {
  const clock = createClock();
  const reading = await ledger.clocks.compare(clock);
  clock.told(reading.redisNowMs);
  if (!isClockOff(reading)) return clock;
  const side = reading.offsetMs > 0 ? 'ahead of' : 'behind';
  process.stderr.write(
    `this machine’s clock is ${describeDifference(reading.offsetMs)} ${side} that of Redis: Redis’s is taken\n`,
  );
  return clock;
}

/**
 * A full Redis or a replica refuses in words of its own; the check has the remedy. Over another connection: a client
 * leaves the one on which a replica refused.
 */
async function whyRefused(config: MusterConfig, log: Logger, refusal: unknown): Promise<string> {
  const redis = createRedis({ ...config.redis, profile: 'patient', name: 'muster-cli', log });
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
    await checkRedis(redis, config.redis.prefix);
    await requireRights(redis, config.redis.prefix);
  } catch (error) {
    return messageOf(error);
  } finally {
    await closeRedis(redis);
  }
  const entry = refusedEntry(refusal);
  return entry === null
    ? `Redis refuses to work just now: ${messageOf(refusal)}`
    : `${entry.problem}. ${entry.remedy}`;
}

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
