-- Says how many added hosts of the held selection may be sent to, or accepts it.
-- KEYS: 1 selection (hash)  2 added hosts by target (hash)  3 added hosts by account (hash)
-- ARGV: 1 id of the held selection  2 `bound` | `accept`  3, 4 for a bound: the most hosts and the most accounts
-- Returns: 1, or 0 when another selection is held, or none.
-- Invariant: the host that makes the sum exceed a bound closes the gate for all added ones, whichever worker counts it.
local selection = KEYS[1]
if redis.call('HGET', selection, 'heldId') ~= ARGV[1] then return 0 end
if ARGV[2] == 'bound' then
  redis.call('HSET', selection, 'mostHosts', ARGV[3], 'mostAccounts', ARGV[4])
  return 1
end
redis.call('HSET', selection, 'acceptedId', ARGV[1], 'accepted', redis.call('HGET', selection, 'held'))
redis.call('HDEL', selection, 'heldId', 'held', 'heldAtMs', 'countedSinceMs', 'hosts', 'accounts', 'mostHosts', 'mostAccounts',
  'selectedBefore')
redis.call('DEL', KEYS[2], KEYS[3])
return 1
