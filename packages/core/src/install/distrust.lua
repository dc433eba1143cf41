-- From now on a target's own commands must be listed again before the next send there, which is due now.
-- KEYS: 1 epoch (string)  2 due install (zset)
-- ARGV: 1 target id  2 now (epoch ms)
-- Returns: nothing.
redis.call('SET', KEYS[1], '?|' .. ARGV[2])
make_due(KEYS[2], ARGV[1], tonumber(ARGV[2]))
