-- Says whose the ledger is, unless another process has said so meanwhile.
-- KEYS: 1 owner (string)
-- ARGV: 1 the text that was read, empty when there was none  2 the text to write
-- Returns: 1 written, 0 another text stands there now.
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
