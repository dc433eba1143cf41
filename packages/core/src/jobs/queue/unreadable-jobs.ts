/**
 * Jobs that Muster did not write, or that were damaged. BullMQ parses a job where it fetches it: worker after worker would take
 * one that does not parse, each time until its lock ends. Here each ends once.
 */
import { type Job, type JobJson, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { QueueName } from '../define-job.ts';
import type { Logger } from '../../runtime/logger-port.ts';
import { bullPrefix } from './enqueue.ts';

/** What stands for data that is no JSON: no contract takes it, so the job fails by its contract, once, with one line. */
export const UNREADABLE_DATA = null;

/** BullMQ's worker, but that a job whose data is no JSON becomes one with `UNREADABLE_DATA`. */
export class ToleratingWorker extends Worker {
  protected override createJob(stored: JobJson, jobId: string): Job {
    // Tried as it is: a look at each job's data beforehand would parse it twice.
    try {
      return super.createJob(stored, jobId);
    } catch (error) {
      if (isJson(stored.data)) throw error;
      return super.createJob({ ...stored, data: JSON.stringify(UNREADABLE_DATA) }, jobId);
    }
  }
}

/** Replaces data that is no JSON in Redis too: a client that lists the failed jobs parses all of them. */
export async function keepReadable(job: Job): Promise<void> {
  if (job.data === UNREADABLE_DATA) await job.updateData(UNREADABLE_DATA);
}

/** Fields of a job that BullMQ parses before anything of ours sees it. */
const PARSED_FIELDS = ['opts', 'progress', 'parent'] as const;
const IDS_SHOWN = 10;
const ID_CHARS = 100;

/**
 * Removes jobs under way that BullMQ cannot take up at all: their options are no JSON, or there is nothing behind their id.
 * Safe to run anywhere at any time: a job is removed, and told, by one process.
 */
export async function endUnreadableJobs(deps: {
  readonly connection: Redis;
  readonly prefix: string;
  readonly queue: QueueName;
  readonly log: Logger;
}): Promise<void> {
  const { connection } = deps;
  const base = `${bullPrefix(deps.prefix)}:${deps.queue}`;
  const removed: string[] = [];
  for (const id of await connection.lrange(`${base}:active`, 0, -1)) {
    if (await isReadable(connection, `${base}:${id}`)) continue;
    // What another process has removed meanwhile, or has ended, is not there any more.
    if ((await connection.lrem(`${base}:active`, 1, id)) === 0) continue;
    await connection.srem(`${base}:stalled`, id);
    await connection.del(`${base}:${id}`, `${base}:${id}:lock`);
    removed.push(id.slice(0, ID_CHARS));
  }
  if (removed.length === 0) return;
  deps.log.error(
    { jobs: removed.length, jobIds: removed.slice(0, IDS_SHOWN) },
    'jobs that cannot be read were removed',
  );
}

async function isReadable(connection: Redis, key: string): Promise<boolean> {
  const [name, ...fields] = await connection.hmget(key, 'name', ...PARSED_FIELDS);
  if (typeof name !== 'string') return false;
  return fields.every((text) => text === null || text === undefined || text === '' || isJson(text));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
