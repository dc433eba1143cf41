-- Replaces what is known of a target's instances without records.
-- KEYS: 1 bystanders (string)  2 instances (hash)  3 instance → target (hash)
-- ARGV: 1 target id  2 the text (`writeBystanders`), '' for none  3 seconds to keep it
-- Returns: nothing.
-- Invariant: instance → target names the target for each of them, as for each record (commit-target.lua).
local before, seen, placed = redis.call('GET', KEYS[1]) or '', {}, {}
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
if before == ARGV[2] then return end
for id in string.gmatch(ARGV[2], 'i%-%x+') do
  seen[id] = true
  placed[#placed + 1], placed[#placed + 2] = id, ARGV[1]
  if #placed == 1000 then
    redis.call('HSET', KEYS[3], unpack(placed))
    placed = {}
  end
end
if #placed > 0 then redis.call('HSET', KEYS[3], unpack(placed)) end
for id in string.gmatch(before, 'i%-%x+') do
  local is_left = not seen[id] and redis.call('HEXISTS', KEYS[2], id) == 0
  if is_left and redis.call('HGET', KEYS[3], id) == ARGV[1] then redis.call('HDEL', KEYS[3], id) end
end
