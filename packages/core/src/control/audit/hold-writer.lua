-- Takes or renews the lease of the one process that exports the audit; or, with an entry's id, notes how far it has come.
-- KEYS: 1 writer (string, expires)  2 exported (string)
-- ARGV: 1 who asks  2 lease (ms)  3 id of the last entry that was written out ('': none)
-- Returns: { 1, id up to which entries were written out ('' for none) }; { 0 }, and nothing happens, while another process has it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return { 0 } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3]) end
return { 1, redis.call('GET', KEYS[2]) or '' }
