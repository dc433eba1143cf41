-- Writes what one look at the standing findings decided, unless another scheduler has decided meanwhile.
-- KEYS: 1 what was told, and what waits (hash)  2 due messages (zset)  3… messages to be sent (hashes)
-- ARGV: 1 the version that was read, empty when there was none  2 the new one  3 how many fields  then FIELD, VALUE for each ('' deletes it)
--       then MEMBER, JSON, how long it is kept (s) for each of KEYS[3…]
-- Returns: 1 written, 0 decided anew by another scheduler.
-- Invariant: what a message tells is told in no other one; a message that is there is due until it was sent or given up.
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2])
local at = 4
for _ = 1, tonumber(ARGV[3]) do
  if ARGV[at + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[at])
  else
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  end
  at = at + 2
end
for i = 3, #KEYS do
  redis.call('HSET', KEYS[i], 'json', ARGV[at + 1])
  redis.call('EXPIRE', KEYS[i], ARGV[at + 2])
  make_due(KEYS[2], ARGV[at], now_ms())
  at = at + 3
end
return 1
