-- The latest moment since when readings are wanted (epoch ms, as text): the start of a sweep, or a later wish for a part of
-- it. False when there is none, or none that can be one: another hand may have written it. An older release knew starts only.
local function latest_time()
  -- Five years ahead: with times up to there all goes on; beyond it nothing would ever count as read again.
  return (tonumber(redis.call('TIME')[1]) + 157680000) * 1000
end
local function wanted_since(sweep)
  local fields = redis.call('HMGET', sweep, 'wantedSinceMs', 'startedAtMs')
  for i = 1, 2 do
    local text = fields[i]
    if text and string.match(text, '^%d+$') and tonumber(text) <= latest_time() then return text end
  end
  return false
end
