-- How many hosts of a target the caps leave room for. Takes none: a claim does (commit-target.lua).
-- KEYS: 1 places (hash)  2 index by state and cause (zset)  3 totals (hash)
-- ARGV: 1 target  2 cap of all  3 cap per account  4 cap per target  5 cap of repairs ('': it is no repair)
-- Returns: how many, 0 or more; then the sums whose caps leave none, which are marked as blocked.
local key, caps = KEYS[1], { ARGV[2], ARGV[3], ARGV[4], ARGV[5] }
-- The keys of a target begin like that of the totals.
local own = string.sub(KEYS[3], 1, -#'counts' - 1)
places.make(key, own, KEYS[2])
places.check(key, ARGV[1])
local room, full = places.room(key, ARGV[1], caps)
if room == 0 then
  places.review(key, own)
  room, full = places.room(key, ARGV[1], caps)
end
if room == 0 then
  local now = string.format('%.0f', now_ms())
  for _, sum in ipairs(full) do
    local since = string.match(redis.call('HGET', key, 'blocked:' .. sum) or '', '^(%d+)|') or now
    redis.call('HSET', key, 'blocked:' .. sum, since .. '|' .. now)
  end
end
return { room, unpack(full) }
