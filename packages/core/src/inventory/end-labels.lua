-- Labels that Teleport has been given: recorded, and no longer waiting unless they changed meanwhile.
-- KEYS: 1 waiting changes (instance -> JSON)  2 labels last written (instance -> digest|expiresAtMs)
-- ARGV: per instance: id, the JSON that was written, `digest|expiresAtMs` or '' when the instance is gone
-- Returns how many waiting changes were ended.
local ended = 0
for i = 1, #ARGV, 3 do
  local id, text, written = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('HGET', KEYS[1], id) == text then
    redis.call('HDEL', KEYS[1], id)
    ended = ended + 1
  end
  if written == '' then
    redis.call('HDEL', KEYS[2], id)
  else
    redis.call('HSET', KEYS[2], id, written)
  end
end
return ended
