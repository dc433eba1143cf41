-- Ends the work on a member: due again at a time, or no more; but when somebody scheduled it meanwhile, due now.
-- KEYS: 1 due (zset)   ARGV: 1 member  2 the score set when the work began  3 next epoch ms, or '' for never  4 now (epoch ms)
-- Returns: 1 settled | 0 scheduled meanwhile (due now)
-- Why now: what was scheduled during the work may have been leased again, and its hint dropped because this very work was
-- still running. Waiting for that lease to end would be waiting for nobody; working once too often harms nothing.
local current = redis.call('ZSCORE', KEYS[1], ARGV[1])
if current and tonumber(current) ~= tonumber(ARGV[2]) then
  if tonumber(current) > tonumber(ARGV[4]) then redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1]) end
  return 0
end
if ARGV[3] == '' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1]) end
return 1
