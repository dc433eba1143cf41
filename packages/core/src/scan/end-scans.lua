-- Records how targets were read, and makes them due again.
-- KEYS: 1 due (zset)  2 sweep (hash)  3 coverage (hash)  4.. one zset per status, in the order of ARGV[1]
-- ARGV: 1 the statuses, comma-separated, then eight per scan: target id, the score set at the beginning, next epoch ms or ''
--   for never, now (epoch ms), status or '' when there was no reading, begun at (epoch ms; 0 when it is to count for no
--   sweep), JSON, since when readings were wanted at the beginning or '' for never
-- Returns: nothing.
-- Invariant: a reading counts for who wants it (its time is not before the sweep's start, or the wish) only if it began
-- after. Clocks of two machines cannot promise that; what was wanted at the beginning does.
local wanted = wanted_since(KEYS[2])
local readings, ends = {}, {}
for i = 2, #ARGV, 8 do
  local member, status, at, value, knew = ARGV[i], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], ARGV[i + 7]
  if status ~= '' then
    if wanted and wanted ~= knew and tonumber(at) >= tonumber(wanted) then
      at = tonumber(wanted) - 1
      value = string.gsub(value, '"attemptedAtMs":[%d.]+', string.format('"attemptedAtMs":%.0f', at), 1)
    end
    readings[#readings + 1] = { member, status, at, value }
  end
  ends[#ends + 1] = { member, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3] }
end
put_coverages(3, split(ARGV[1]), readings)
settle(KEYS[1], ends)
