-- Makes a member due at a time, or earlier where it already was.
-- Invariant: the score always changes, if only by a millisecond: the process that works on the member compares scores at the
--   end, and sees that there is more to do.
local function make_due(key, member, at)
  local current = tonumber(redis.call('ZSCORE', key, member) or 'inf')
  local score = math.min(current, at)
  if score == current then score = score - 1 end
  redis.call('ZADD', key, score, member)
end
