-- Instances in flight, under three caps. One hash (`key`):
--   `TARGET/BATCH` → instances of a batch that took room under the caps; `adopted:TARGET:BATCH` → of one that was found in AWS:
--   it counts for its account and target, never for all. `total`, `a:ACCOUNT`, `t:TARGET` → the sums of these entries.
--   `blocked:SUM` → since when, and when last, its cap left no room to any batch (`epoch ms|epoch ms`); room ends it.
-- Invariant: the sums equal the entries. What is no count is not Muster's: an entry is taken out, a sum is made anew.
local in_flight = {}
-- Nil for anything that these functions do not write.
local function count_in_flight(text)
  return tonumber(string.match(text or '0', '^%d%d?%d?%d?%d?%d?%d?$') or '')
end
function in_flight.sums(account, target)
  return { 'total', 'a:' .. account, 't:' .. target }
end
function in_flight.fields(target, batch)
  return target .. '/' .. batch, 'adopted:' .. target .. ':' .. batch
end
-- Makes the sums anew when one of these fields is no count.
function in_flight.check(key, fields)
  local foreign = false
  for _, field in ipairs(fields) do
    if count_in_flight(redis.call('HGET', key, field)) == nil then foreign = true end
  end
  if not foreign then return end
  local entries, anew = redis.call('HGETALL', key), {}
  local function add(sum, by) anew[sum] = (anew[sum] or 0) + by end
  for i = 1, #entries, 2 do
    local field, held = entries[i], count_in_flight(entries[i + 1])
    local account, region = string.match(field, '^(%d+)%.([^/]+)/')
    local is_adopted = account == nil
    if is_adopted then account, region = string.match(field, '^adopted:(%d+)%.([^:]+):') end
    if field == 'total' or string.match(field, '^[at]:') or (account ~= nil and held == nil) then
      redis.call('HDEL', key, field)
    elseif account ~= nil then
      if not is_adopted then add('total', held) end
      add('a:' .. account, held)
      add('t:' .. account .. '.' .. region, held)
    end
  end
  for sum, by in pairs(anew) do redis.call('HSET', key, sum, by) end
end
local function change_sums(key, sums, by)
  for _, sum in ipairs(sums) do
    if redis.call('HINCRBY', key, sum, by) <= 0 then redis.call('HDEL', key, sum) end
  end
end
-- How many more instances the caps let in, and the sums that let in none.
function in_flight.room(key, account, target, caps)
  local room, full = math.huge, {}
  for i, sum in ipairs(in_flight.sums(account, target)) do
    local left = math.max(0, tonumber(caps[i]) - tonumber(redis.call('HGET', key, sum) or '0'))
    if left == 0 then full[#full + 1] = sum end
    room = math.min(room, left)
  end
  return room, full
end
-- Counts the instances of a new batch; those of one that is counted already stay as they are.
function in_flight.take(key, account, target, batch, instances, is_adopted)
  local member, adopted = in_flight.fields(target, batch)
  if redis.call('HEXISTS', key, member) == 1 or redis.call('HEXISTS', key, adopted) == 1 then return end
  local sums = in_flight.sums(account, target)
  if is_adopted then
    table.remove(sums, 1)
  else
    for _, sum in ipairs(sums) do redis.call('HDEL', key, 'blocked:' .. sum) end
  end
  redis.call('HSET', key, is_adopted and adopted or member, instances)
  change_sums(key, sums, instances)
end
-- Gives the room of a batch back; once, however often it is asked.
function in_flight.give_back(key, account, target, batch)
  local member, adopted = in_flight.fields(target, batch)
  local sums = in_flight.sums(account, target)
  for _, field in ipairs({ member, adopted }) do
    if field == adopted then table.remove(sums, 1) end
    local held = tonumber(redis.call('HGET', key, field) or '0')
    redis.call('HDEL', key, field)
    if held > 0 then change_sums(key, sums, -held) end
  end
end
