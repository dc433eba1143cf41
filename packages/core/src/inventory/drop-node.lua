-- A node was removed from Teleport: the snapshot shows it no more, and its number is one less, so that the next reading is not
-- taken for one that lost nodes.
-- KEYS: 1 the inventory's facts (hash)  2 nodes of one account in one generation (hash: instance id -> node id)
-- ARGV: 1 the generation of KEYS[2]  2 instance id  3 node id
-- Returns: 1 when it was there, else 0.
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[2], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[2])
if tonumber(redis.call('HGET', KEYS[1], 'nodes') or '0') > 0 then redis.call('HINCRBY', KEYS[1], 'nodes', -1) end
return 1
