-- Begins a ramp, or moves it to its next step.
-- KEYS: 1 ramps (hash)  2 this ramp (hash)  3 its hosts (hash)
-- ARGV: 1 ramp id
--       2 `begin`   3 size of the first step  4 JSON of what it is about  5 `anew`: in the place of one that runs or is over;
--                   `lost`: in the place of one that is not over and whose counts are none
--       2 `over`    (it may not have begun)
--       2 `grow`    3 the step it was decided on  4 size of the next  5 evidence carried
--       2 `repeat`  3 the step
--       2 `stop`    3 the step  4 JSON of what it is about
--       2 `end`     3 the step, '': whichever it is
--       2 `drop`    3 the step: as if it had never begun
-- Returns: 1; 0, and nothing happens, when the ramp is at another step, is stopped, or has begun already.
-- Invariant: see ramps.lua. A decision on a step that is over changes nothing, so two processes decide it once.
local index, key, id, move, step = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local now = string.format('%.0f', now_ms())
local function forget(pattern)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.match(field, pattern) then redis.call('HDEL', key, field) end
  end
end
local function next_step(fields)
  redis.call('HINCRBY', key, 'step', 1)
  redis.call('HSET', key, 'taken', 0, 'joined', 0, 'failed', 0, 'began', now, 'taken_at', now, 'woken_at', 0, unpack(fields))
  forget('^[ag]:')
end

if move == 'begin' then
  local known = redis.call('HGET', index, id)
  if ARGV[5] == 'once' and known then return 0 end
  local is_whole = ramps.is_whole(key, KEYS[3])
  if ARGV[5] == 'lost' and (not known or known == 'over' or is_whole) then return 0 end
  local steps = is_whole and redis.call('HGET', key, 'step')
  redis.call('DEL', key, KEYS[3])
  -- The count of steps goes on: what was decided on the ramp before this one is about no step of this one.
  if steps then redis.call('HSET', key, 'step', steps) end
  next_step({ 'size', ARGV[3], 'tried', 0, 'tried_failed', 0, 'carried', 0, 'grown', 0, 'touched', 0, 'all_joined', 0 })
  redis.call('HSET', key, 'first_of_size', redis.call('HGET', key, 'step'))
  redis.call('HSET', index, id, ARGV[4])
  return 1
end
if move == 'over' then
  redis.call('HSETNX', index, id, 'over')
  return 1
end
local current = redis.call('HGET', key, 'step')
if not current or (step ~= '' and current ~= step) then return 0 end
if move == 'end' or move == 'drop' then
  redis.call('DEL', key, KEYS[3])
  if move == 'drop' then redis.call('HDEL', index, id) else redis.call('HSET', index, id, 'over') end
  return 1
end
if redis.call('HEXISTS', key, 'stopped') == 1 then return 0 end
if move == 'grow' then
  next_step({ 'size', ARGV[4], 'carried', ARGV[5], 'tried', 0, 'tried_failed', 0 })
  redis.call('HINCRBY', key, 'grown', 1)
  redis.call('HSET', key, 'first_of_size', redis.call('HGET', key, 'step'))
  forget('^f:')
elseif move == 'repeat' then
  local size, failed = unpack(redis.call('HMGET', key, 'taken', 'failed'))
  redis.call('HINCRBY', key, 'tried', size)
  redis.call('HINCRBY', key, 'tried_failed', failed)
  next_step({})
else
  redis.call('HSET', key, 'stopped', now)
  redis.call('HSET', index, id, ARGV[4])
end
return 1
