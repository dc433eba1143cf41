/** The checks that this process can make by itself: its configuration, Redis, and who is connected to it. */
import { installationOf } from '@muster/core/config/installation-id';
import { formatFaults } from '@muster/core/config/source/report';
import { loadConfig } from '@muster/core/config/load-config';
import type { MusterConfig } from '@muster/core/config/model';
import { judgeProcessClocks } from '@muster/core/reports/doctor/clock-check';
import { failed, passed, skipped, warned, type Check } from '@muster/core/reports/doctor/check';
import { SILENT } from '@muster/core/runtime/logger-port';
import { isJobError } from '@muster/core/runtime/errors';
import { createRedisLedger } from '@muster/core/control/ledger';
import { countProcesses } from '@muster/core/redis/server-info';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { partsOfFault } from '@muster/core/redis/redis-fault';
import { checkRedisThoroughly } from '@muster/core/redis/server-check';
import { createClock } from '@muster/core/runtime/clock';
import type { Environment } from './command-context.ts';

const PATIENCE_MS = 3_000;

/** A configuration that cannot be used is null, and its check has every fault. */
export function checkConfiguration(
  path: string,
  env: Environment,
): { readonly config: MusterConfig | null; readonly check: Check } {
  const result = loadConfig(path, env);
  if (!result.ok) {
    const remedy = 'Correct the file; muster config check shows its faults with line and column.';
    const detail = formatFaults(result.faults);
    return {
      config: null,
      check: failed('configuration', 'configuration-invalid', detail, remedy, { subject: path }),
    };
  }
  const { config } = result;
  const place = { subject: path };
  if (!config.enabled || config.matchers.length === 0) {
    const detail = config.enabled
      ? 'has no matcher: nothing will be enrolled'
      : 'discovery_service.enabled is not true';
    const remedy = config.enabled
      ? 'Add an aws entry to discovery_service, or a discovery_config of the discovery group.'
      : 'Set discovery_service.enabled to true.';
    return { config, check: failed('configuration', 'configuration-off', detail, remedy, place) };
  }
  const notes = result.notes.length > 0 ? `, ${result.notes.length} notes (muster config check)` : '';
  const plural = config.matchers.length === 1 ? 'matcher' : 'matchers';
  return { config, check: passed('configuration', `${config.matchers.length} ${plural}${notes}`, place) };
}

/** What Redis tells about itself and its clients. */
export interface RedisCheckup {
  readonly checks: readonly Check[];
  /** Whether jobs can be put into it at all. */
  readonly usable: boolean;
  /** Null where it does not tell. */
  readonly workers: number | null;
}

/** @param isLocal workers are not needed then, and their absence is a reminder */
export async function checkRedisHere(config: MusterConfig, isLocal: boolean): Promise<RedisCheckup> {
  const log = SILENT;
  const redis = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-cli', log });
  const { host = '', port = 0 } = redis.options;
  const place = { subject: `${host}:${port}` };
  const checks: Check[] = [];
  let answers = false;
  try {
    await awaitRedis(redis, createClock(), PATIENCE_MS);
    answers = true;
    const facts = await checkRedisThoroughly(redis, config.redis.prefix);
    checks.push(passed('redis', `${facts.kind} ${facts.version}`, place));
    for (const { kind, message, remedy } of facts.notes) {
      // This very command was let in a moment ago.
      if (kind === 'redis-login-refused') continue;
      const judge = kind === 'redis-rights-missing' ? failed : warned;
      checks.push(judge('redis-settings', kind, message, remedy));
    }
    if (facts.notes.length === 0) {
      checks.push(passed('redis-settings', 'noeviction, append-only file, password, rights'));
    }
    if (facts.untold.length > 0) {
      checks.push(skipped('redis-settings', `Redis does not tell: ${facts.untold.join(', ')}`));
    }
    const ledger = createRedisLedger({ redis, prefix: config.redis.prefix, log });
    const foreign = await ledger.owner.whyForeign(installationOf(config));
    if (foreign !== null) {
      const remedy =
        'Give this installation a prefix (muster.redis.prefix) or a Redis of its own; docs/runbook.md says how a prefix is given up.';
      checks.push(failed('redis', 'ledger-of-another', foreign, remedy, place));
      return { checks, usable: false, workers: null };
    }
    const { schedulers, workers } = await countProcesses(redis);
    checks.push(judgeSchedulers(schedulers), ...judgeWorkers(workers, isLocal));
    const { clocks, redisPlace, redisNowMs } = await ledger.clocks.all();
    checks.push(
      ...judgeProcessClocks(clocks, redisPlace, redisNowMs),
      ...judgeSnapshot(await ledger.nodes.facts(), config, redisNowMs),
    );
    return { checks, usable: true, workers };
  } catch (error) {
    checks.push(redisTrouble(error, answers, place));
    return { checks, usable: false, workers: null };
  } finally {
    await closeRedis(redis);
  }
}

function redisTrouble(error: unknown, answers: boolean, place: { readonly subject: string }): Check {
  const { problem, remedy: told } = partsOfFault(error);
  const remedy = told === '' ? START_OR_CORRECT : `${told}.`;
  if (isJobError(error, 'config.unsafe')) {
    return failed('redis-settings', 'redis-unsafe', problem, remedy, place);
  }
  return failed('redis', answers ? 'redis-refuses-writes' : 'redis-unreachable', problem, remedy, place);
}

const START_OR_CORRECT =
  'Start Redis, or correct REDIS_URL (muster.redis.url): redis-cli -u "$REDIS_URL" ping must answer PONG.';

function judgeSchedulers(schedulers: number | null): Check {
  if (schedulers === null) {
    return skipped('scheduler', 'Redis does not tell who is connected (CLIENT LIST is refused)');
  }
  if (schedulers > 0) return passed('scheduler', `${schedulers} connected`);
  return warned(
    'scheduler',
    'no-scheduler',
    'no scheduler is connected to Redis: nothing begins by itself',
    'Start one: muster scheduler (docker compose up -d scheduler, systemctl start muster-scheduler)',
  );
}

function judgeWorkers(workers: number | null, isLocal: boolean): readonly Check[] {
  if (workers === null) return [];
  if (workers > 0) return [passed('worker', `${workers} connected`)];
  const detail = 'no worker is connected to Redis';
  const remedy =
    'Start one: muster worker (docker compose up -d worker, systemctl start muster-worker); or check AWS with this shell’s credentials: muster doctor --local';
  return [
    isLocal ? warned('worker', 'no-worker', detail, remedy) : failed('worker', 'no-worker', detail, remedy),
  ];
}

/** How old what sends rely on is; nothing when no worker has ever read it. */
function judgeSnapshot(
  facts: { readonly generation: string | null; readonly begunAtMs: number; readonly error: string | null },
  config: MusterConfig,
  nowMs: number,
): readonly Check[] {
  const { inventory } = config;
  if (inventory.kind === 'none' || (facts.generation === null && facts.error === null)) return [];
  const place = { subject: 'snapshot' };
  const ageMs = nowMs - facts.begunAtMs;
  const age = facts.generation === null ? 'never read' : `${Math.round(ageMs / 1_000)} s old`;
  if (facts.error === null && ageMs <= inventory.freshnessMs) return [passed('inventory', age, place)];
  const why = facts.error === null ? '' : `; the last reading failed: ${facts.error}`;
  return [
    warned(
      'inventory',
      'inventory-stale',
      `the workers’ snapshot is ${age}${why}`,
      'Nothing is sent while it is too old: see muster findings, and that a scheduler and a worker run.',
      place,
    ),
  ];
}
