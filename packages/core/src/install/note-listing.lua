-- Records that a target's own commands were listed, unless another process found a reason to list them again meanwhile.
-- KEYS: 1 epoch (string)
-- ARGV: 1 what stood there when the listing began ('' for nothing)  2 the epoch under which it was made
-- Returns: 1 when it was recorded, else 0.
local stands = redis.call('GET', KEYS[1]) or ''
if stands ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
