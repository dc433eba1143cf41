-- Takes what is due and puts it off by a lease, so that each member is handed out once and comes back if it is lost.
-- KEYS: 1 due (zset)   ARGV: 1 now (epoch ms)  2 lease until (epoch ms)  3 at most so many
-- Returns: the members, the longest due first.
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(members) do redis.call('ZADD', KEYS[1], ARGV[2], member) end
return members
