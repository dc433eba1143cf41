-- Ends the work on due members: due again at a time, or no more; but one that somebody scheduled meanwhile is due now.
-- key: due (zset)
-- ends: at most 1,000 of { member, the score set when the work began, next epoch ms or '' for never, now (epoch ms) }
-- Why now: what was scheduled during the work may have been leased again, and its hint dropped because this very work was
-- still running. Waiting for that lease to end would be waiting for nobody; working once too often harms nothing.
local function settle(key, ends)
  local members = {}
  for i, one in ipairs(ends) do members[i] = one[1] end
  local scores = redis.call('ZMSCORE', key, unpack(members))
  -- One that ends twice is settled twice, as if one after the other.
  local standing, scored, done = {}, {}, {}
  for i, member in ipairs(members) do standing[member] = scores[i] end
  for _, one in ipairs(ends) do
    local member, untilAt, nextAt, now = one[1], one[2], one[3], one[4]
    local current = standing[member]
    if not current or tonumber(current) == tonumber(untilAt) then
      standing[member] = nextAt ~= '' and nextAt
    elseif tonumber(current) > tonumber(now) then
      standing[member] = now
    end
  end
  for i, member in ipairs(members) do
    local at = standing[member]
    if not at then
      done[#done + 1] = member
    elseif at ~= scores[i] then
      scored[#scored + 1] = at
      scored[#scored + 1] = member
    end
  end
  if #scored > 0 then redis.call('ZADD', key, unpack(scored)) end
  if #done > 0 then redis.call('ZREM', key, unpack(done)) end
end
