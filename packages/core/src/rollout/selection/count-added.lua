-- How many hosts of a target the held selection adds.
-- KEYS: 1 selection (hash)  2 added hosts by target (hash)  3 added hosts by account (hash)
-- ARGV: 1 id of the selection that counts  2 target id  3 account id  4 hosts
-- Returns: 1, or 0 when another selection is held, or none: then nothing is counted.
-- Invariant: `hosts` is the sum over targets, `accounts` how many of them have any.
local selection, by_target, by_account = KEYS[1], KEYS[2], KEYS[3]
if redis.call('HGET', selection, 'heldId') ~= ARGV[1] then return 0 end
local target, account, hosts = ARGV[2], ARGV[3], tonumber(ARGV[4])
local change = hosts - tonumber(redis.call('HGET', by_target, target) or 0)
if change == 0 then return 1 end
if hosts == 0 then redis.call('HDEL', by_target, target) else redis.call('HSET', by_target, target, hosts) end
if redis.call('HINCRBY', by_account, account, change) <= 0 then redis.call('HDEL', by_account, account) end
redis.call('HINCRBY', selection, 'hosts', change)
redis.call('HSET', selection, 'accounts', redis.call('HLEN', by_account))
return 1
