-- Makes members due in a while, or earlier where they already were.
-- KEYS: 1 due (zset)   ARGV: pairs of ms from now, member
-- Returns: how many were given.
local now = now_ms()
for i = 1, #ARGV, 2 do make_due(KEYS[1], ARGV[i + 1], now + ARGV[i]) end
return #ARGV / 2
