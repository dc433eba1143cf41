-- Puts a target off, and reads what its scan must know.
-- KEYS: 1 due (zset)  2 accounts (hash)  3 account-regions (hash)  4 coverage (hash)  5 sweep (hash)
-- ARGV: 1 target id  2 account id  3 until (epoch ms)
-- Returns: account JSON, regions JSON, coverage JSON, start of the sweep (epoch ms); each false when there is none.
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return {
  redis.call('HGET', KEYS[2], ARGV[2]),
  redis.call('HGET', KEYS[3], ARGV[2]),
  redis.call('HGET', KEYS[4], ARGV[1]),
  redis.call('HGET', KEYS[5], 'startedAtMs'),
}
