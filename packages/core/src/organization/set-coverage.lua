-- Records how targets were last read (or that they are known), or forgets them.
-- KEYS: 1 coverage (hash)  2.. one zset per status, in the order of ARGV[1]; then changed places (stream)
-- ARGV: 1 the statuses, comma-separated, then quadruples as `put_coverages` takes them: member, status, attempted at (epoch ms), JSON
-- Returns: nothing.
local readings = {}
for i = 2, #ARGV, 4 do readings[#readings + 1] = { ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3] } end
put_coverages(1, split(ARGV[1]), readings)
