-- Takes what cannot be read out of a target's records and intents, keeps its text apart, and counts the target anew.
-- KEYS: 1 instances (hash)  2 counts (hash)  3 candidates (zset)  4 verify (zset)  5 intents (hash)  6 epoch (string)
--       7 unreadable (hash)  8 summary (hash)  9 totals (hash)  10 index (zset)  11 instance → target (hash)
--       12 due install (zset)  13 due collect (zset)  14 places (hash)
--       whose outputs are alike: 15 hosts (hash)  16 index (zset)  17 sums (hash)  18 accounts (hash);  19 changes (stream)
-- ARGV: 1 target id  2 seconds to keep the texts  3 entries kept in the stream  4 schema number of this release, then triples: `record` | `intent`, id, the text as it was read
-- Returns: how many were set aside; a text that has changed since is left alone.
-- Invariant: as in commit-target.lua. The target is looked through anew before the next send, which is due now, since what was
--   set aside may have had a command; it is not at rest.
local target = ARGV[1]
local moved = 0
local touched = {}
for i = 5, #ARGV, 3 do
  local kind, id, text = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local hash = kind == 'record' and KEYS[1] or KEYS[5]
  if redis.call('HGET', hash, id) == text then
    moved = moved + 1
    redis.call('HDEL', hash, id)
    redis.call('HSET', KEYS[7], kind .. ':' .. id, text)
    if kind == 'record' then
      touched[#touched + 1] = id
      redis.call('ZREM', KEYS[3], id)
      redis.call('ZREM', KEYS[4], id)
      if redis.call('HGET', KEYS[11], id) == target then redis.call('HDEL', KEYS[11], id) end
      places.check(KEYS[14], target)
      local place = places.give_back(KEYS[14], id)
      local own = string.sub(KEYS[9], 1, -#'counts' - 1)
      if place then ramps.count_end(own, place.link, id, target, 'neither') end
      outputs.leave({ hosts = KEYS[15], index = KEYS[16], sums = KEYS[17], accounts = KEYS[18] }, id)
    else
      redis.call('ZREM', KEYS[13], target .. '/' .. id)
    end
  end
end
if moved == 0 then return 0 end
if #touched > 0 then
  -- What its header says of its state is not to be believed: the reader looks for the record, and finds none.
  redis.call('XADD', KEYS[19], 'MAXLEN', '~', ARGV[3], '*', 'v', ARGV[4], 'target', target, 'touched', cjson.encode(touched))
end
redis.call('EXPIRE', KEYS[7], ARGV[2])
redis.call('DEL', KEYS[6])
redis.call('HDEL', KEYS[8], 'written')
records.count_anew({ instances = KEYS[1], counts = KEYS[2], totals = KEYS[9], index = KEYS[10] }, target)
make_due(KEYS[12], target, now_ms())
return moved
