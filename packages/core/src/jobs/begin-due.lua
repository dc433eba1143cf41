-- Begins the work on a member: puts it off by a lease.
-- KEYS: 1 due (zset)   ARGV: 1 member  2 lease (ms)
-- Returns: now, and the end of the lease (epoch ms).
local now = now_ms()
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return { now, now + ARGV[2] }
