-- How many installs of a target the caps leave room for. Takes none: a claim does (commit-target.lua).
-- KEYS: 1 in-flight (hash)
-- ARGV: 1 account  2 target  3 cap of all  4 cap per account  5 cap per target
-- Returns: how many, 0 or more. Where there is none, the caps that leave none are marked as blocked.
in_flight.check(KEYS[1], in_flight.sums(ARGV[1], ARGV[2]))
local room, full = in_flight.room(KEYS[1], ARGV[1], ARGV[2], { ARGV[3], ARGV[4], ARGV[5] })
if room == 0 then
  local now = string.format('%.0f', now_ms())
  for _, sum in ipairs(full) do
    local since = string.match(redis.call('HGET', KEYS[1], 'blocked:' .. sum) or '', '^(%d+)|') or now
    redis.call('HSET', KEYS[1], 'blocked:' .. sum, since .. '|' .. now)
  end
end
return room
