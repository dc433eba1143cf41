-- Makes members due in a while, or earlier where they already were.
-- KEYS: 1 due (zset)   ARGV: pairs of ms from now, member
-- Returns: how many were given.
-- Invariant: a member's score always changes, if only by a millisecond, so that the process that is at work on it and
-- finishes it afterwards by comparing scores cannot overlook what was scheduled meanwhile.
local now = now_ms()
for i = 1, #ARGV, 2 do
  local at, member = now + ARGV[i], ARGV[i + 1]
  local current = tonumber(redis.call('ZSCORE', KEYS[1], member) or 'inf')
  local score = math.min(current, at)
  if score == current then score = score - 1 end
  redis.call('ZADD', KEYS[1], score, member)
end
return #ARGV / 2
