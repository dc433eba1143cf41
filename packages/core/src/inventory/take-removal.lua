-- Takes one of the removals that an hour allows. Taken before the node is removed: a kill in between costs one, and never adds one.
-- KEYS: 1 removals (zset: node id -> epoch ms)
-- ARGV: 1 node id  2 removals an hour  3 an hour in ms
-- Returns: 0 when the node may be removed, else the ms until the next one may; -1 when it was taken for this node within the hour.
-- Invariant: at most ARGV[2] members are younger than an hour.
local now, hour = now_ms(), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - hour)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return -1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  return math.max(1, math.ceil(tonumber(oldest) + hour - now))
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(hour))
return 0
