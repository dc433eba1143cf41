-- KEYS: 1 due (zset)
-- Returns: how many members, how many of them are due, and for how many ms the first has been (0 when none is, two weeks at most).
local now = now_ms()
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return {
  redis.call('ZCARD', KEYS[1]),
  redis.call('ZCOUNT', KEYS[1], '-inf', now),
  math.min(1209600000, math.max(0, now - tonumber(first or now))),
}
