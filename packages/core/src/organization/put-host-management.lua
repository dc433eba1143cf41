-- Replaces what is known of Default Host Management Configuration in a target, and keeps the sums.
-- KEYS: 1 host management (hash)  2 targets that lack it (zset: target id → hosts that it could win)
-- ARGV: 1 target id  2 `state|hosts|withoutProfile|askAgainAtMs`, '' for a target without unmanaged hosts
-- Returns: nothing.
-- Invariant: `sum:STATE:targets`, `:hosts` and `:withoutProfile` are the sums over all targets of that state.
local function parts(text) return string.match(text, '^(%l+)|(%d+)|(%d+)|') end
local function add(field, number, is_less)
  -- Not by a factor of -1: Redis takes Lua's -0 for no integer.
  redis.call('HINCRBY', KEYS[1], field, is_less and 0 - tonumber(number) or tonumber(number))
end
local function count(text, is_less)
  local state, hosts, bare = parts(text)
  if not state then return end
  add('sum:' .. state .. ':targets', 1, is_less)
  add('sum:' .. state .. ':hosts', hosts, is_less)
  add('sum:' .. state .. ':withoutProfile', bare, is_less)
end
count(redis.call('HGET', KEYS[1], ARGV[1]) or '', true)
count(ARGV[2], false)
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
local state, hosts = parts(ARGV[2])
if state == 'off' then
  redis.call('ZADD', KEYS[2], hosts, ARGV[1])
else
  redis.call('ZREM', KEYS[2], ARGV[1])
end
if redis.call('ZCARD', KEYS[2]) == 0 then
  redis.call('HDEL', KEYS[1], 'off-since')
else
  redis.call('HSETNX', KEYS[1], 'off-since', now_ms())
end
