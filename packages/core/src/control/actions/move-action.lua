-- Begins an action that was planned, moves it on by a step, or ends it.
-- KEYS: 1 this action (hash)  2 its parts (list)  3 actions (zset)  4 due actions (zset)  5 what an idempotency key began (string)
-- ARGV: 1 action id
--       2 `start`   3 digest of what is asked for  4 JSON of who begins it  5 in how long other processes go on with it (ms)
--                   6 actions kept  7 seconds that they are kept
--       2 `step`    3 the step it was read at  4 done  5 skipped  6 failed
--       2 `end`     3 state  4 message
-- Returns: of `start`: { 'started', id } | { 'known', id } the same was begun by this key | { 'other', id } something else was |
--       { 'begun', id } by another key | { 'missing', id }: no such plan, or it has expired.
--   of `step`: { state, the step it is at now }; of another step than the one given, nothing was counted.
--   of `end`: { 1 }; { 0 }, and nothing happens, when it does not run.
-- Invariant: each step is counted once, by the first process that has done it.
local key, parts, index, due, once = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, move = ARGV[1], ARGV[2]
local now = string.format('%.0f', now_ms())
local state = redis.call('HGET', key, 'state')

if move == 'start' then
  local known = redis.call('GET', once)
  if known then
    local of, digest = string.match(known, '^(.-)|(.*)$')
    return { digest == ARGV[3] and 'known' or 'other', of or '' }
  end
  if not state then return { 'missing', id } end
  if state ~= 'planned' then return { 'begun', id } end
  redis.call('HSET', key, 'state', 'running', 'start', ARGV[4], 'created', now)
  redis.call('SET', once, id .. '|' .. ARGV[3], 'EX', ARGV[7])
  redis.call('EXPIRE', key, ARGV[7])
  redis.call('EXPIRE', parts, ARGV[7])
  redis.call('ZADD', index, now, id)
  make_due(due, id, now_ms() + ARGV[5])
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now_ms() - ARGV[7] * 1000)
  -- The oldest go. One that runs is not forgotten: it is finished first.
  local own = string.sub(index, 1, -#'actions' - 1)
  for _, old in ipairs(redis.call('ZRANGE', index, 0, -ARGV[6] - 1)) do
    if redis.call('HGET', own .. 'action:' .. old, 'state') ~= 'running' then
      redis.call('UNLINK', own .. 'action:' .. old, own .. 'action-parts:' .. old)
      redis.call('ZREM', index, old)
    end
  end
  return { 'started', id }
end
if not state then return { move == 'end' and 0 or 'missing', 0 } end
if move == 'step' then
  local cursor = redis.call('HGET', key, 'cursor') or '0'
  -- What was done before a cancellation was seen counts.
  if cursor == ARGV[3] and (state == 'running' or state == 'canceled') then
    redis.call('HINCRBY', key, 'done', ARGV[4])
    redis.call('HINCRBY', key, 'skipped', ARGV[5])
    redis.call('HINCRBY', key, 'failed', ARGV[6])
    cursor = redis.call('HINCRBY', key, 'cursor', 1)
  end
  return { state, tonumber(cursor) }
end
if state ~= 'running' then return { 0 } end
redis.call('HSET', key, 'state', ARGV[3], 'message', ARGV[4], 'ended', now)
redis.call('ZREM', due, id)
return { 1 }
