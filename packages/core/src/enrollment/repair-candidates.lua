-- Makes the index of candidates agree with the records again, for some ids.
-- KEYS: 1 instances (hash)  2 candidates (zset)
-- ARGV: ids
-- Returns: the ids whose entry was not what their record says: removed where the record is none, or is no candidate.
-- Invariant: see commit-target.lua; only another client breaks it.
local repaired = {}
for _, id in ipairs(ARGV) do
  local record = redis.call('HGET', KEYS[1], id)
  local at = record and string.match(record, '^%d+|[^|]*|[^|]*|([^|]*)|') or ''
  local entry = redis.call('ZSCORE', KEYS[2], id)
  if entry and tonumber(entry) ~= tonumber(at) then
    repaired[#repaired + 1] = id
    if tonumber(at) then redis.call('ZADD', KEYS[2], at, id) else redis.call('ZREM', KEYS[2], id) end
  end
end
return repaired
