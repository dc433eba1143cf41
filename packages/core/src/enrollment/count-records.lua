-- Counts of records by state (`s:STATE`), by cause (`c:CAUSE`) and by wave and state (`w:WAVE:STATE`): of a target, of the installation, and the targets that hold any.
--   counts (hash): of the target. totals (hash): of all targets; the field `?` says that they must be made anew (count-anew.lua).
--   index (zset, scores 0): `FIELD|TARGET` for each of these fields, one entry while the target's count is not 0.
local records = {}
function records.header(value)
  local state, cause, candidate, verify = string.match(value or '', '^%d+|([^|]*)|([^|]*)|([^|]*)|([^|]*)|')
  return state or '', cause or '', candidate or '', verify or ''
end
-- The wave of a record, from its JSON: in a text of JSON a quote stands behind a backslash, so no text can look like the key. A
-- tag of the host can, so the tags are passed over: `wave` is a usual name for one, and the account's owner writes it.
local WAVE = '"wave":"([a-z0-9-]+)"'
function records.wave(value)
  local text = value or ''
  local tags, at = string.find(text, '"tags":{', 1, true)
  if not tags then return string.match(text, WAVE) end
  local wave = string.match(string.sub(text, 1, tags), WAVE)
  if wave then return wave end
  local quoted, char = false, nil
  repeat
    at = string.find(text, '["\\}]', at + 1)
    if not at then return nil end
    char = string.sub(text, at, at)
    if char == '"' then quoted = not quoted end
    if char == '\\' then at = at + 1 end
  until char == '}' and not quoted
  return string.match(text, WAVE, at)
end
function records.add(deltas, value, by)
  local state, cause = records.header(value)
  if state ~= '' then deltas['s:' .. state] = (deltas['s:' .. state] or 0) + by end
  if cause ~= '' then deltas['c:' .. cause] = (deltas['c:' .. cause] or 0) + by end
  local wave = records.wave(value)
  if wave then
    local field = 'w:' .. wave .. ':' .. state
    deltas[field] = (deltas[field] or 0) + by
  end
end
-- Hosts of a wave that were sent to, and have neither joined nor failed. More than any cap while the totals are not known: the
-- worker that asks for the wave's room next makes them anew.
function records.in_flight(totals, wave)
  if redis.call('HEXISTS', totals, '?') == 1 then return math.huge end
  local sum = 0
  for _, state in ipairs({ 'sending', 'installing', 'installed' }) do
    local count = redis.call('HGET', totals, 'w:' .. wave .. ':' .. state)
    if not records.is_count(count) then return math.huge end
    sum = sum + (tonumber(count or '0'))
  end
  return sum
end
function records.is_count(text)
  return not text or (#text <= 15 and string.match(text, '^%d+$') ~= nil)
end
-- Changes counts and totals by these differences. False, and nothing happens, when a count of the target is none.
function records.change(names, target, deltas)
  local totals_known = redis.call('HEXISTS', names.totals, '?') == 0
  for field in pairs(deltas) do
    if not records.is_count(redis.call('HGET', names.counts, field)) then return false end
    if not records.is_count(redis.call('HGET', names.totals, field)) then totals_known = false end
  end
  if not totals_known then redis.call('HSET', names.totals, '?', 1) end
  for field, by in pairs(deltas) do
    if by ~= 0 then
      local count = redis.call('HINCRBY', names.counts, field, by)
      if count == 0 then redis.call('HDEL', names.counts, field) end
      local member = field .. '|' .. target
      if count <= 0 then redis.call('ZREM', names.index, member) else redis.call('ZADD', names.index, 0, member) end
      if totals_known and redis.call('HINCRBY', names.totals, field, by) == 0 then redis.call('HDEL', names.totals, field) end
    end
  end
  return true
end
-- Counts a target's records from the records themselves.
function records.count_anew(names, target)
  for _, field in ipairs(redis.call('HKEYS', names.counts)) do
    redis.call('ZREM', names.index, field .. '|' .. target)
  end
  redis.call('DEL', names.counts)
  local counts = {}
  for _, value in ipairs(redis.call('HVALS', names.instances)) do records.add(counts, value, 1) end
  for field, count in pairs(counts) do
    redis.call('HSET', names.counts, field, count)
    redis.call('ZADD', names.index, 0, field .. '|' .. target)
  end
  redis.call('HSET', names.totals, '?', 1)
end
