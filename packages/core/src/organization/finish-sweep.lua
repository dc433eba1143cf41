-- Marks a sweep finished, once, and keeps how it ended.
-- KEYS: 1 sweep (hash)  2 ended sweeps (list, the newest first)
-- ARGV: 1 the sweep's id  2 now (epoch ms)  3 how it ended (JSON)  4 the most that are kept
-- Returns: 1 when this call marked it, else 0.
-- Invariant: the list has a sweep once, whichever processes see at the same time that it has ended.
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
if redis.call('HSETNX', KEYS[1], 'finishedAtMs:' .. ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[3])
redis.call('LTRIM', KEYS[2], 0, ARGV[4] - 1)
return 1
