import type { SecureContextOptions } from 'node:tls';
import { Redis, type RedisOptions as ClientOptions } from 'ioredis';
import { type RedisAddress, readRedisUrl } from '../config/redis-url.ts';
import type { RedisSettings, RedisTls } from '../config/model.ts';
import { readSecretFile, type Secret } from '../config/secret.ts';
import { readTextFile } from '../config/source/read-text-file.ts';
import { JobError, messageOf } from '../runtime/errors.ts';
import { type Clock, LATE, within } from '../runtime/clock-port.ts';
import type { Logger } from '../runtime/logger-port.ts';
import { dial } from './dial.ts';
import { createKeys } from './keys.ts';
import {
  forgetTrouble,
  noteTrouble,
  redisFault,
  refusedEntry,
  slowRefusals,
  troubleOf,
} from './redis-fault.ts';
import { readServerInfo, requireOnePrimary } from './server-info.ts';
import { slotOwner } from './slot-owner.ts';

/**
 * What happens to a command while Redis is away. `fail-fast`: it is refused at once, for callers that keep a person waiting
 * for an answer (producers, the console, the CLI). `patient`: it waits until Redis is back, for workers.
 */
export type RedisProfile = 'fail-fast' | 'patient';

export interface RedisOptions extends Pick<RedisSettings, 'passwordFile' | 'tls' | 'sentinelPassword'> {
  /** As `readRedisUrl` reads it: of one server, of Sentinels, or of a Redis Cluster. */
  readonly url: Secret;
  /** Of the installation: in a Cluster, the connection is to the server that has its keys. */
  readonly prefix: string;
  readonly profile: RedisProfile;
  /** Shown by `CLIENT LIST`, such as `muster-worker`. No spaces. */
  readonly name: string;
  readonly log: Logger;
}

/** A fail-fast command that is not answered after this is given up. */
const ANSWER_TIMEOUT_MS = 5_000;

/** For the last answers of a connection that is ended. */
const PARTING_MS = 2_000;

/** Longer than any blocking read (BullMQ blocks up to 10 s): silence beyond it is a dead path, not an idle queue. */
const SILENCE_TIMEOUT_MS = 20_000;

/** How often a Redis that loads its data is asked whether it is done; the client's own ten seconds keep a command that long from ending. */
const LOADING_RETRY_MS = 1_000;

/**
 * A connection that comes back by itself, after 100 ms at first and at most 2 s. Connects in the background; the first
 * failure and the recovery are logged, not every try. Throws `config.invalid` for a URL that is none.
 */
export function createRedis(options: RedisOptions): Redis {
  const { serverUrl, nodes, sentinel } = checkedUrl(options.url);
  const redis = new Redis(serverUrl, {
    ...(options.profile === 'patient' ? PATIENT : FAIL_FAST),
    ...(serverUrl.startsWith('rediss:') ? { tls: tlsOptions(options.tls) } : {}),
    ...(sentinel === null ? {} : sentinelOptions(sentinel, options)),
    ...(nodes.length === 0 ? {} : { Connector: slotOwner(nodes, createKeys(options.prefix).nothing) }),
    connectionName: options.name,
    reconnectOnError,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    retryStrategy: retryWith(options.passwordFile),
  });
  if (options.profile === 'patient') slowRefusals(redis);
  logAvailability(redis, options.log.child({ redis: options.name }));
  return redis;
}

/**
 * When a connection that was lost is tried again, and with which password: the one that is in the file by then. The client calls
 * it as a method of the options of the connection at hand, also of one that BullMQ duplicated.
 */
function retryWith(passwordFile: string | undefined): NonNullable<ClientOptions['retryStrategy']> {
  return function (this: { password?: string | undefined }, attempt: number): number {
    const reading = passwordFile === undefined ? null : readSecretFile(passwordFile, readTextFile);
    // A file that is being replaced is read at the next try.
    if (reading?.ok === true) this.password = reading.text;
    return Math.min(100 * 2 ** Math.min(attempt - 1, 10), 2_000);
  };
}

/** What is made of this connection from now on begins with the password that is in the file by now: a retry of its own reads it. */
export function renewPassword({ options }: Redis): void {
  options.retryStrategy?.(1);
}

const PATIENT = { maxRetriesPerRequest: null, socketTimeout: SILENCE_TIMEOUT_MS } as const;
const FAIL_FAST = {
  maxRetriesPerRequest: 1,
  enableOfflineQueue: false,
  // An answer that is lost with its connection is an error, not a second execution.
  autoResendUnfulfilledCommands: false,
  commandTimeout: ANSWER_TIMEOUT_MS,
  socketTimeout: ANSWER_TIMEOUT_MS,
} as const;

function tlsOptions({ ca = null, client = null }: Partial<RedisTls> = {}): SecureContextOptions {
  return {
    ...(ca === null ? {} : { ca }),
    ...(client === null ? {} : { cert: client.cert, key: client.key.reveal() }),
  };
}

/** For an answer of a Sentinel; one that says nothing is passed over. */
const SENTINEL_ANSWER_MS = 2_000;

/**
 * The client asks the Sentinels for the primary whenever it connects, and hears of a failover from them: a primary that is
 * cut off from them alone keeps its connections.
 */
function sentinelOptions(
  { nodes, name }: NonNullable<RedisAddress['sentinel']>,
  { url, tls, sentinelPassword }: RedisOptions,
): Omit<ClientOptions, 'replyMapping'> {
  const isEncrypted = url.reveal().startsWith('rediss');
  return {
    sentinels: [...nodes],
    name,
    failoverDetector: true,
    sentinelCommandTimeout: SENTINEL_ANSWER_MS,
    sentinelRetryStrategy: (attempt) => Math.min(100 * attempt, 2_000),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword: sentinelPassword.reveal() }),
    ...(isEncrypted ? { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) } : {}),
  };
}

/**
 * A primary that became a replica keeps its connections and refuses every write on them, a Cluster's node whose slot has
 * another owner every command: a new connection finds the server that leads now.
 */
function reconnectOnError(error: Error): boolean {
  return /^(READONLY|MOVED|CLUSTERDOWN)/.test(error.message);
}

/** The URL may hold a password, so no message repeats it. */
function checkedUrl(url: Secret): RedisAddress {
  const address = readRedisUrl(url.reveal());
  if (address !== null) return address;
  throw new JobError(
    'config.invalid',
    'the Redis URL must look like redis://host:6379, rediss://host:6379, redis+sentinel://host:26379,host:26379/NAME or redis+cluster://host:6379,host:6379',
    { retry: 'never' },
  );
}

function logAvailability(redis: Redis, log: Logger): void {
  let away = false;
  /** Loading is no error to the client, which waits and says nothing. What else keeps INFO from an answer is one. */
  const tellLoading = async (): Promise<void> => {
    const info = await redis.info('persistence').catch(() => '');
    if (!/^loading:1/m.test(info)) return;
    noteTrouble(redis, 'loading');
    if (!away) log.warn({}, 'redis is loading its data: waiting until it is done');
    away = true;
  };
  const tellAway = async (met: Error): Promise<void> => {
    const refused = refusedEntry(met);
    if (refused === null) log.warn({ err: (await dial(redis)) ?? met }, 'redis is not reachable');
    else log.warn({ reason: refused.problem, remedy: refused.remedy }, 'redis does not let us in');
  };
  redis.on('error', (err: Error) => {
    noteTrouble(redis, err);
    if (away) return;
    away = true;
    void tellAway(err);
  });
  redis.on('connect', () => void tellLoading());
  redis.on('ready', () => {
    forgetTrouble(redis);
    if (away) log.info({}, 'redis is reachable again');
    away = false;
  });
}

/**
 * Resolves when commands can be sent; throws `ledger.unavailable`, with what stood in the way, when that takes longer
 * than `withinMs`, `config.unsafe` when it is not what the URL says (a Sentinel, a node of a Cluster, a server without
 * one), and `config.invalid` when it does not have the database of the URL.
 */
export async function awaitRedis(redis: Redis, clock: Clock, withinMs: number): Promise<void> {
  if (redis.status !== 'ready') await awaitReady(redis, clock, withinMs);
  requireOnePrimary(redis, await readServerInfo(redis));
  await requireDatabase(redis);
}

async function awaitReady(redis: Redis, clock: Clock, withinMs: number): Promise<void> {
  const ready = Promise.withResolvers<void>();
  redis.once('ready', ready.resolve);
  const came = await within(clock, withinMs, ready.promise);
  redis.off('ready', ready.resolve);
  if (came !== LATE) return;
  const met = troubleOf(redis);
  const refused = met instanceof Error ? refusedEntry(met) : null;
  if (refused !== null) throw redisFault({ code: 'ledger.unavailable', ...refused, cause: met });
  const trouble = met instanceof Error ? ((await dial(redis)) ?? met) : met;
  const why = trouble instanceof Error ? ` (${messageOf(trouble)})` : '';
  const message =
    trouble === 'loading'
      ? `Redis is still loading its data after ${withinMs} ms: try again when that is done (INFO persistence says how far it is)`
      : `Redis is not reachable after ${withinMs} ms${why}`;
  throw new JobError('ledger.unavailable', message, {
    retry: 'backoff',
    details: { loading: trouble === 'loading' },
  });
}

/** A connection whose SELECT was refused is ready all the same, and speaks to database 0, which may belong to another program. */
async function requireDatabase(redis: Redis): Promise<void> {
  const { db = 0 } = redis.options;
  if (db === 0) return;
  try {
    await redis.select(db);
  } catch (error) {
    if (!messageOf(error).startsWith('ERR')) throw error;
    throw new JobError(
      'config.invalid',
      `Redis has no database ${db} (${messageOf(error)}): leave the number out of the Redis URL, and tell several Musters apart by muster.redis.prefix`,
      { retry: 'never', cause: error },
    );
  }
}

/**
 * Ends a connection: waits a moment for answers under way, and simply drops it when Redis is away or says nothing. Safe to
 * call twice.
 */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, PARTING_MS);
    // Whatever goes wrong while parting, the connection is dropped below.
    await Promise.race([redis.quit().catch(() => undefined), over.promise]);
    clearTimeout(timer);
  }
  redis.disconnect();
}
