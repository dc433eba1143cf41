-- The latest moment since when readings are wanted (epoch ms, as text): the start of a sweep, or a later wish for a part of
-- it. False when there is none. An older release knew starts only.
local function wanted_since(sweep)
  local fields = redis.call('HMGET', sweep, 'wantedSinceMs', 'startedAtMs')
  return fields[1] or fields[2]
end
