-- Ends the work on due members: due again in a while, or no more; but one that was scheduled meanwhile is due now.
-- key: due (zset)
-- ends: at most 1,000 of { member, the end of the lease with which the work began, next time in ms from now or '' for never }
-- Why now: what was scheduled during the work may have been leased again by a tick that died before it gave the job. Nothing
-- would come of it until that lease ends; working once too often harms nothing.
local function finish(key, ends)
  local now, members = now_ms(), {}
  for i, one in ipairs(ends) do members[i] = one[1] end
  local scores = redis.call('ZMSCORE', key, unpack(members))
  -- One that ends twice is finished twice, as if one after the other.
  local standing, scored, done = {}, {}, {}
  for i, member in ipairs(members) do standing[member] = tonumber(scores[i] or nil) end
  for _, one in ipairs(ends) do
    local member, lease_end, next_in = one[1], tonumber(one[2]), one[3]
    local current = standing[member]
    if not current or current == lease_end then
      standing[member] = next_in ~= '' and now + next_in or nil
    elseif current > now then
      standing[member] = now
    end
  end
  for i, member in ipairs(members) do
    local at = standing[member]
    if not at then
      done[#done + 1] = member
    elseif at ~= tonumber(scores[i] or nil) then
      scored[#scored + 1] = at
      scored[#scored + 1] = member
    end
  end
  if #scored > 0 then redis.call('ZADD', key, unpack(scored)) end
  if #done > 0 then redis.call('ZREM', key, unpack(done)) end
end
