-- Takes what cannot be read out of a target's records and intents, keeps its text apart, and counts the target anew.
-- KEYS: 1 instances (hash)  2 counts (hash)  3 candidates (zset)  4 verify (zset)  5 intents (hash)  6 epoch (string)
--       7 unreadable (hash)  8 summary (hash)
-- ARGV: 1 seconds to keep the texts, then triples: `record` | `intent`, id, the text as it was read
-- Returns: how many were set aside; a text that has changed since is left alone.
-- Invariant: counts, candidates and verify agree with the headers in instances; the target is looked through anew before
--   the next send, since what was set aside may have had a command; it is not at rest.
local moved = 0
for i = 2, #ARGV, 3 do
  local kind, id, text = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local hash = kind == 'record' and KEYS[1] or KEYS[5]
  if redis.call('HGET', hash, id) == text then
    moved = moved + 1
    redis.call('HDEL', hash, id)
    redis.call('HSET', KEYS[7], kind .. ':' .. id, text)
    if kind == 'record' then
      redis.call('ZREM', KEYS[3], id)
      redis.call('ZREM', KEYS[4], id)
    end
  end
end
if moved == 0 then return 0 end
redis.call('EXPIRE', KEYS[7], ARGV[1])
redis.call('DEL', KEYS[6])
redis.call('HDEL', KEYS[8], 'written')
redis.call('DEL', KEYS[2])
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
  local state, cause = string.match(value, '^%d+|([^|]*)|([^|]*)|')
  if state and state ~= '' then redis.call('HINCRBY', KEYS[2], 's:' .. state, 1) end
  if cause and cause ~= '' then redis.call('HINCRBY', KEYS[2], 'c:' .. cause, 1) end
end
return moved
