-- Dates a reading that begins, or a sweep or a request that starts (epoch ms).
-- sweep: hash whose field `newestMs` is the newest date given  now: epoch ms  step: 0 for a reading, 1 for a start
-- Invariant: a start is later than every reading that has begun, and a reading that begins afterwards is dated no earlier
-- than it, also under a Redis whose clock was set back. So a reading counts for a sweep when its date is not before the start.
local function date_reading(sweep, now, step)
  local newest = redis.call('HGET', sweep, 'newestMs')
  local date = now
  -- Muster did not write what is no time, or five years ahead: nothing would count as read again.
  if newest and string.match(newest, '^%d+$') and tonumber(newest) <= now + 157680000000 then
    date = math.max(now, tonumber(newest) + step)
  end
  if string.format('%.0f', date) ~= newest then redis.call('HSET', sweep, 'newestMs', string.format('%.0f', date)) end
  return date
end
