-- Reads what a target's scan must know before it begins.
-- KEYS: 1 accounts (hash)  2 account-regions (hash)  3 coverage (hash)   ARGV: 1 account id  2 target id
-- Returns: account JSON, regions JSON, coverage JSON; each false when there is none.
return { redis.call('HGET', KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], ARGV[1]), redis.call('HGET', KEYS[3], ARGV[2]) }
