-- Ends the work on a member.
-- KEYS: 1 due (zset)   ARGV: 1 member  2 the end of the lease with which the work began  3 next time in ms from now, or '' for never
-- Returns: nothing.
finish(KEYS[1], { { ARGV[1], ARGV[2], ARGV[3] } })
