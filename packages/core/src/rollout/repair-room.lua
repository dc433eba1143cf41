-- How many repairs may begin. Takes none: a claim does (commit-target.lua).
-- KEYS: 1 places (hash)  2 repair rate (hash)
-- ARGV: 1 cap of repairs in flight  2 repairs within an hour  3 length of that hour (ms)
-- Returns: room under the cap, room within the hour, and when the hour has more (epoch ms; 0 while it has some)
local held = tonumber(redis.call('HGET', KEYS[1], 'repair') or '0') or 0
local room, more_at = repair_rate.room(KEYS[2], ARGV[2], ARGV[3])
return { math.max(0, tonumber(ARGV[1]) - held), room, math.floor(more_at) }
