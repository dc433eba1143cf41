-- Ends the work on a member.
-- KEYS: 1 due (zset)   ARGV: 1 member  2 the score set when the work began  3 next epoch ms, or '' for never  4 now (epoch ms)
-- Returns: nothing.
settle(KEYS[1], { { ARGV[1], ARGV[2], ARGV[3], ARGV[4] } })
