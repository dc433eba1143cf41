-- Puts off the end of a lease, for work that goes on. A member that was scheduled meanwhile, or taken over, stays as it is.
-- KEYS: 1 due (zset)   ARGV: 1 member  2 the end of the lease as it was  3 lease (ms)
-- Returns: the end of the lease (epoch ms).
local ends_at = tonumber(ARGV[2])
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or nil) ~= ends_at then return ends_at end
local later = now_ms() + ARGV[3]
redis.call('ZADD', KEYS[1], later, ARGV[1])
return later
