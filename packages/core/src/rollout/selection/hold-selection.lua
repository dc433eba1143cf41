-- What becomes of a selection that a worker took up.
-- KEYS: 1 selection (hash)  2 added hosts by target (hash)  3 added hosts by account (hash)  4 sweep (hash)
-- ARGV: 1 `accept` | `hold`  2 id of the selection  3 the selection, JSON
--       4 id of the accepted selection that this was decided on ('' for none): with another one nothing happens
--       5 `anew`: what is held is replaced; `keep`: what is held stays  6 id of the sweep that a hold begins
--       7 how many hosts are selected now, '' where the marked ones among them are not known: a change that takes the place of
--         another one keeps the number of that one
-- Returns: `done` | `stale` | `kept`
-- Invariant: what is held is never the accepted one; sums and bounds belong to what is held. What is held begins a sweep, so that it is
--   counted by readings that began after it.
local selection, by_target, by_account, sweep = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id = ARGV[2]
if (redis.call('HGET', selection, 'acceptedId') or '') ~= ARGV[4] then return 'stale' end
local held = redis.call('HGET', selection, 'heldId')
if held == id and ARGV[1] == 'hold' then return 'kept' end
if held and ARGV[5] == 'keep' then return 'kept' end
local before = held and (redis.call('HGET', selection, 'selectedBefore') or '') or ARGV[7]
redis.call('HDEL', selection, 'heldId', 'held', 'heldAtMs', 'countedSinceMs', 'hosts', 'accounts', 'mostHosts', 'mostAccounts',
  'selectedBefore')
redis.call('DEL', by_target, by_account)
if ARGV[1] == 'accept' then
  redis.call('HSET', selection, 'acceptedId', id, 'accepted', ARGV[3])
  return 'done'
end
local now = now_ms()
local since = date_reading(sweep, now, 1)
local text = string.format('%.0f', since)
redis.call('HSET', selection, 'heldId', id, 'held', ARGV[3], 'heldAtMs', string.format('%.0f', now), 'countedSinceMs', text,
  'hosts', 0, 'accounts', 0)
if before ~= '' then redis.call('HSET', selection, 'selectedBefore', before) end
redis.call('DEL', sweep)
redis.call('HSET', sweep, 'id', ARGV[6], 'startedAtMs', text, 'newestMs', text)
return 'done'
