-- Ends the work on a member: due again at a time, or no more; but not when somebody scheduled it meanwhile.
-- KEYS: 1 due (zset)   ARGV: 1 member  2 the score set when the work began  3 next epoch ms, or '' for never
-- Returns: 1 settled | 0 scheduled meanwhile (left as it is)
local current = redis.call('ZSCORE', KEYS[1], ARGV[1])
if current and tonumber(current) ~= tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1
