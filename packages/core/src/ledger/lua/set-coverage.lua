-- Records how targets were last read (or that they are known), or forgets them.
-- KEYS: 1 coverage (hash)  2.. one zset per status, in the order of ARGV[1]
-- ARGV: 1 the statuses, comma-separated, then quadruples as `put_coverage` takes them: member, status, attempted at (epoch ms), JSON
-- Returns: how many members were new.
local statuses = split(ARGV[1])
local added = 0
for i = 2, #ARGV, 4 do added = added + put_coverage(1, statuses, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) end
return added
