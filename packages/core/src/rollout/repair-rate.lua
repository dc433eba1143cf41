-- How many repairs were begun within an hour. One hash (`key`): a sixtieth of the hour, as a number since 1970 → repairs that
--   were begun in it; `hour` → the length of the hour (ms), which a simulation shortens. What is no count is taken out.
-- Invariant: of any hour, no more than the limit were begun and sent: the sixtieth that is not over counts with sixty before it.
local repair_rate = {}
local function sixtieth(hour_ms)
  return math.floor(now_ms() / (hour_ms / 60))
end
-- How many more may begin, and when more may where that is none (epoch ms).
function repair_rate.room(key, per_hour, hour_ms)
  if redis.call('HGET', key, 'hour') ~= hour_ms then redis.call('DEL', key) end
  local first, begun, oldest = sixtieth(hour_ms) - 60, 0, math.huge
  local entries = redis.call('HGETALL', key)
  for i = 1, #entries, 2 do
    local at, count = tonumber(entries[i]), tonumber(entries[i + 1])
    if entries[i] ~= 'hour' then
      if at == nil or count == nil or count <= 0 or at < first then
        redis.call('HDEL', key, entries[i])
      else
        begun, oldest = begun + count, math.min(oldest, at)
      end
    end
  end
  local room = math.max(0, tonumber(per_hour) - begun)
  return room, room == 0 and (oldest + 61) * (hour_ms / 60) or 0
end
function repair_rate.take(key, repairs, hour_ms)
  redis.call('HSET', key, 'hour', hour_ms)
  redis.call('HINCRBY', key, string.format('%.0f', sixtieth(hour_ms)), repairs)
  redis.call('PEXPIRE', key, string.format('%.0f', 2 * hour_ms))
end
-- One that was begun then (epoch ms) was not sent. Its own sixtieth is taken back: a newer one may be of a repair that was.
function repair_rate.give_back(key, since)
  local hour_ms = tonumber(redis.call('HGET', key, 'hour') or '')
  if not hour_ms or hour_ms <= 0 then return end
  local field = string.format('%.0f', math.floor(tonumber(since) / (hour_ms / 60)))
  local count = tonumber(redis.call('HGET', key, field) or '')
  if not count then return end
  if count <= 1 then redis.call('HDEL', key, field) else redis.call('HINCRBY', key, field, -1) end
end
