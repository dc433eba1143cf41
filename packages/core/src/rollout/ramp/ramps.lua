-- Ramps: mass starts that begin with a few hosts. The rule is in ramp.ts; this counts.
--   ramps (hash): ramp id → JSON of what it is about while it runs or is stopped, or `over`; `since`: see ramp-store.ts.
--   ramp:ID (hash): `step`, a count of all steps; `size`, `taken`, `joined`, `failed` of this step; `first_of_size`, the first step
--     of this size, `tried`, `tried_failed` hosts of earlier steps of it; `carried`; `grown`, how often it grew; `touched`,
--     `all_joined` over all steps; `began`, `taken_at`, `woken_at` (epoch ms); `stopped` (epoch ms) when it lets in none;
--     `a:ACCOUNT`, `g:REGION` → taken in this step; `f:ACCOUNT` → failed of this size.
--   ramp-hosts:ID (hash): instance → the step in which it took its slot while it has not ended, then `ended`.
-- Invariant: in a step no more hosts begin than its size. A host takes one slot of a ramp, and is counted there once. A ramp
--   whose counts another client took away, or wrote over, lets in no host and counts none until it is begun anew (move-ramp.lua).
local ramps = {}
local COUNTS = { 'step', 'first_of_size', 'size', 'taken', 'joined', 'failed', 'tried', 'tried_failed', 'grown', 'touched', 'all_joined' }
-- Whether the counts of a ramp are such.
function ramps.is_whole(key, hosts)
  for _, name in ipairs({ key, hosts }) do
    local is = redis.call('TYPE', name).ok
    if is ~= 'hash' and is ~= 'none' then return false end
  end
  local counts = redis.call('HMGET', key, unpack(COUNTS))
  for i = 1, #COUNTS do
    if not counts[i] or #counts[i] > 15 or not string.match(counts[i], '^%d+$') then return false end
  end
  return true
end
local function keys_of(own, id)
  local key, hosts = own .. 'ramp:' .. id, own .. 'ramp-hosts:' .. id
  return key, hosts, ramps.is_whole(key, hosts)
end
local function add_to(key, field, by)
  if string.match(redis.call('HGET', key, field) or '0', '^%-?%d+$') then
    redis.call('HINCRBY', key, field, by)
  else
    redis.call('HSET', key, field, math.max(0, by))
  end
end
-- What a claim needs of its ramps: false when one of them has no slot for a host that needs one. `wanted`: instance → list of ids.
function ramps.has_slots(own, index, wanted)
  local needs = {}
  for instance, ids in pairs(wanted) do
    for _, id in ipairs(ids) do
      local state = redis.call('HGET', index, id)
      if not state then return false end
      if state ~= 'over' then
        local key, hosts, is_whole = keys_of(own, id)
        if not is_whole then return false end
        if redis.call('HEXISTS', key, 'stopped') == 1 then return false end
        if redis.call('HEXISTS', hosts, instance) == 0 then needs[id] = (needs[id] or 0) + 1 end
      end
    end
  end
  for id, need in pairs(needs) do
    local size, taken = unpack(redis.call('HMGET', (keys_of(own, id)), 'size', 'taken'))
    if need > (tonumber(size) or 0) - (tonumber(taken) or 0) then return false end
  end
  return true
end
-- Takes a host's slots. Returns the ids of the ramps in which it took one, joined by commas.
function ramps.take(own, index, ids, instance, target)
  local taken = {}
  local account, region = string.match(target, '^(%d+)%.(.+)$')
  for _, id in ipairs(ids) do
    local key, hosts, is_whole = keys_of(own, id)
    local step = is_whole and redis.call('HGET', index, id) ~= 'over' and redis.call('HGET', key, 'step')
    if step and redis.call('HSETNX', hosts, instance, step) == 1 then
      for _, field in ipairs({ 'taken', 'touched', 'a:' .. account, 'g:' .. region }) do add_to(key, field, 1) end
      redis.call('HSET', key, 'taken_at', string.format('%.0f', now_ms()))
      taken[#taken + 1] = id
    end
  end
  return table.concat(taken, ',')
end
-- Counts a host's end: `joined`, `failed`, or `neither`, which gives the slot back.
function ramps.count_end(own, ids, instance, target, outcome)
  local account, region = string.match(target, '^(%d+)%.(.+)$')
  for id in string.gmatch(ids, '[^,]+') do
    local key, hosts, is_whole = keys_of(own, id)
    local slot = is_whole and tonumber(redis.call('HGET', hosts, instance) or '')
    if slot then
      local step, first_of_size = unpack(redis.call('HMGET', key, 'step', 'first_of_size'))
      local is_now, is_of_size = slot == tonumber(step), slot >= tonumber(first_of_size)
      local function add(field, by) add_to(key, field, by) end
      if outcome == 'neither' then
        redis.call('HDEL', hosts, instance)
        add('touched', -1)
        if is_now then
          for _, field in ipairs({ 'taken', 'a:' .. account, 'g:' .. region }) do add(field, -1) end
        elseif is_of_size then
          add('tried', -1)
        end
      else
        redis.call('HSET', hosts, instance, 'ended')
        if outcome == 'joined' then add('all_joined', 1) end
        if is_now then add(outcome, 1) end
        if outcome == 'failed' and is_of_size then
          add('f:' .. account, 1)
          if not is_now then add('tried_failed', 1) end
        end
      end
    end
  end
end
-- Gives back slots whose host has no place: another client deleted that, or a kill of Redis did.
function ramps.review(own, index, has_place)
  local entries = redis.call('HGETALL', index)
  for i = 1, #entries, 2 do
    local id = entries[i]
    local _, hosts, is_whole = keys_of(own, id)
    local slots = is_whole and redis.call('HGETALL', hosts) or {}
    for n = 1, #slots, 2 do
      if slots[n + 1] ~= 'ended' and not has_place(slots[n], id) then
        local target = redis.call('HGET', own .. 'instance-targets', slots[n])
        if target and string.match(target, '^%d+%..') then
          ramps.count_end(own, id, slots[n], target, 'neither')
        else
          redis.call('HSET', hosts, slots[n], 'ended')
        end
      end
    end
  end
end
