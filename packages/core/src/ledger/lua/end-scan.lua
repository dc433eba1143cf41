-- Records how a target was read, and makes it due again.
-- KEYS: 1 due (zset)  2 sweep (hash)  3 coverage (hash)  4.. one zset per status in ARGV[9], in that order
-- ARGV: 1 target id  2 the score set at the beginning  3 next epoch ms, or '' for never  4 now (epoch ms)
--   5 status, '' when there was no reading  6 begun at (epoch ms), 0 when it is to count for no sweep  7 JSON
--   8 start of the sweep that was running at the beginning, '' for none
--   9 statuses, comma-separated: the new one, and that in which the target is thought to stand; or all of them
--   10 `some` | `all` of the statuses are in ARGV[9]
-- Returns: 1 settled | 0 scheduled meanwhile (due now) | 2 nothing was done, since the target stands in another status
-- Invariant: a reading counts for a sweep (its time is not before the sweep's start) only if it began after the sweep
-- did. Clocks of two machines cannot promise that; which sweep was running at the beginning does.
if ARGV[5] ~= '' then
  if ARGV[10] == 'some' and not stands_among(3, ARGV[9], ARGV[1]) then return 2 end
  local at, value = tonumber(ARGV[6]), ARGV[7]
  local start = redis.call('HGET', KEYS[2], 'startedAtMs')
  if start and start ~= ARGV[8] and at >= tonumber(start) then
    at = tonumber(start) - 1
    value = string.gsub(value, '"attemptedAtMs":[%d.]+', string.format('"attemptedAtMs":%.0f', at), 1)
  end
  put_coverage(3, split(ARGV[9]), ARGV[1], ARGV[5], at, value)
end
return settle(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
