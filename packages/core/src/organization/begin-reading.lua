-- Begins a reading; or starts a request to read something again, or a sweep: what was read so far does not count then, nor
-- what is being read.
-- KEYS: 1 sweep (hash)
-- ARGV: 1 `reading` | `request` | `sweep`  2 for a sweep: its id
-- Returns: the date of the reading, or since when one counts (epoch ms).
local date = date_reading(KEYS[1], now_ms(), ARGV[1] == 'reading' and 0 or 1)
if ARGV[1] == 'sweep' then
  local text = string.format('%.0f', date)
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'id', ARGV[2], 'startedAtMs', text, 'newestMs', text)
end
return date
