-- Takes what is due and puts it off by a lease, so that each member is handed out once and comes back if it is lost.
-- KEYS: 1 due (zset)   ARGV: 1 lease (ms)  2 at most so many
-- Returns: the members, the longest due first.
local now = now_ms()
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, member in ipairs(members) do redis.call('ZADD', KEYS[1], now + ARGV[1], member) end
return members
