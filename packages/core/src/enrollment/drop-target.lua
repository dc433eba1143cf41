-- Removes what is left of a target without records and intents.
-- KEYS: 1 instances (hash)  2 intents (hash)  3 populated (set)  4 due install (zset)  5 due verify (zset)  6.. to delete
-- ARGV: 1 target id
-- Returns: 1; 0, and nothing happens, while the target holds a record or an intent.
if redis.call('HLEN', KEYS[1]) + redis.call('HLEN', KEYS[2]) > 0 then return 0 end
for i = 6, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
return 1
