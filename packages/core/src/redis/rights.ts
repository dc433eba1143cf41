import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';

/**
 * Every command that Muster and BullMQ send, alone and within scripts, each with arguments that Redis takes; `K` stands for a
 * key. The end-to-end test of the documented rules holds the list against what Redis counted.
 */
const COMMANDS = `
decrby K 1|del K|exists K|expire K 1|get K|getdel K|incr K|incrby K 1|mget K|persist K|pexpire K 1|pttl K|set K v|setex K 1 v|setnx K v|ttl K|type K|unlink K
hdel K f|hexists K f|hget K f|hgetall K|hincrby K f 1|hkeys K|hlen K|hmget K f|hmset K f v|hrandfield K|hscan K 0|hset K f v|hsetnx K f v|hstrlen K f|hvals K
lindex K 0|linsert K before a b|llen K|lmove K K left right|lpop K|lpos K v|lpush K v|lrange K 0 0|lrem K 1 v|ltrim K 0 0|rpop K|rpoplpush K K|rpush K v
sadd K m|scard K|sismember K m|smembers K|smismember K m|spop K|srandmember K|srem K m|sscan K 0
bzpopmin K 1|zadd K 1 m|zcard K|zcount K 0 1|zincrby K 1 m|zmscore K m|zpopmin K|zrange K 0 0|zrangebylex K - +|zrangebyscore K 0 1|zrank K m|zrem K m
zremrangebyrank K 0 0|zremrangebyscore K 0 1|zrevrange K 0 0|zrevrangebylex K + -|zrevrangebyscore K 1 0|zscan K 0|zscore K m
xadd K * f v|xdel K 1-1|xlen K|xrange K - +|xread streams K 0|xrevrange K + -|xtrim K maxlen 1
eval x 1 K|evalsha x 1 K|info|scan 0|time
`;

/** What a Redis user lacks. */
export interface MissingRights {
  /** Names of commands, such as `xadd`, as `ACL SETUSER NAME +xadd` takes them. */
  readonly commands: readonly string[];
  /** Whether the keys of the prefix are closed to it. */
  readonly keys: boolean;
}

/**
 * Which commands this user may not send; null when it may send all. Redis judges a command's rights when it puts it into a
 * transaction, and this one is thrown away: nothing runs.
 *
 * @param alone a connection that sends nothing else meanwhile
 * @param key of ours
 */
export async function findMissingRights(alone: Redis, key: string): Promise<MissingRights | null> {
  const denied = new Set<string>();
  let keys = false;
  const judge = (command: string, error: unknown): void => {
    const text = messageOf(error);
    if (!text.startsWith('NOPERM')) return;
    if (NAMES_COMMAND.test(text)) denied.add(command);
    else keys = true;
  };
  const ask = (line: string): Promise<unknown> => {
    const [command = '', ...args] = line.split(' ');
    return alone.call(command, ...args.map((arg) => (arg === 'K' ? key : arg))).catch((error: unknown) => {
      judge(command, error);
    });
  };
  // Without one of them the rest would run.
  for (const line of ['exec', 'discard', 'multi']) await ask(line);
  if (denied.size === 0) {
    await Promise.all(COMMANDS.trim().split(/[|\n]/).map(ask));
    await ask('discard');
  }
  return denied.size === 0 && !keys ? null : { commands: [...denied].toSorted(), keys };
}

/**
 * A refusal for a key names no command: `ACLCheckAllPerm` of Redis 6.2 to 8 and of Valkey (read 2026-11). Both kinds begin with
 * NOPERM.
 */
const NAMES_COMMAND = /'[^']+' command/;

/** The names of `COMMANDS`. */
export function commandsNeeded(): readonly string[] {
  return COMMANDS.trim()
    .split(/[|\n]/)
    .map((line) => line.split(' ', 1)[0] ?? '');
}
