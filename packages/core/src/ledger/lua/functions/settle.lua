-- Ends the work on a due member: due again at a time, or no more; but when somebody scheduled it meanwhile, due now.
-- key: due (zset)  untilAt: the score set when the work began  nextAt: epoch ms, or '' for never  now: epoch ms
-- Returns: 1 settled | 0 scheduled meanwhile (due now)
-- Why now: what was scheduled during the work may have been leased again, and its hint dropped because this very work was
-- still running. Waiting for that lease to end would be waiting for nobody; working once too often harms nothing.
local function settle(key, member, untilAt, nextAt, now)
  local current = redis.call('ZSCORE', key, member)
  if current and tonumber(current) ~= tonumber(untilAt) then
    if tonumber(current) > tonumber(now) then redis.call('ZADD', key, now, member) end
    return 0
  end
  if nextAt == '' then redis.call('ZREM', key, member) else redis.call('ZADD', key, nextAt, member) end
  return 1
end
