-- Records how targets were read, and makes them due again.
-- KEYS: 1 due (zset)  2 coverage (hash)  3.. one zset per status, in the order of ARGV[1]; then changed places (stream)
-- ARGV: 1 the statuses, comma-separated, then six per scan: target id, the end of its lease, next time in ms from now or ''
--   for never, status or '' when there was no reading, the reading's date (epoch ms), JSON
-- Returns: nothing.
local readings, ends = {}, {}
for i = 2, #ARGV, 6 do
  if ARGV[i + 3] ~= '' then readings[#readings + 1] = { ARGV[i], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5] } end
  ends[#ends + 1] = { ARGV[i], ARGV[i + 1], ARGV[i + 2] }
end
put_coverages(2, split(ARGV[1]), readings)
finish(KEYS[1], ends)
