-- Reserves room for installs in flight, under three caps at once; or gives it back.
-- KEYS: 1 in-flight (hash)
-- ARGV: 1 `reserve` | `release` | `adopt`  2 account  3 target  4 batch  then for adopt: 5 instances; for reserve: 5 wanted  6 cap of all  7 cap per account  8 cap per target
-- Returns: how many were granted (0..wanted), taken, or given back. What is adopted counts for account and target, never for all.
-- Invariant: the sums equal the entries; releasing twice gives back once. What is no count is not Muster's: an entry is taken
--   out, a sum is made anew from the entries. `blocked:SUM` says since when, and when last, its cap
--   left no room to any batch (`epoch ms|epoch ms` of Redis): a batch that gets room ends it for all caps that it passed.
local member = ARGV[3] .. '/' .. ARGV[4]
local sums = { 'total', 'a:' .. ARGV[2], 't:' .. ARGV[3] }
local adopted = 'adopted:' .. ARGV[3] .. ':' .. ARGV[4]
local own = { sums[2], sums[3] }
-- Nil for anything that this script does not write.
local function count(text)
  return tonumber(string.match(text or '0', '^%d%d?%d?%d?%d?%d?%d?$') or '')
end
local function isSum(field)
  return field == 'total' or string.match(field, '^[at]:') ~= nil
end
local function sumAnew()
  local entries = redis.call('HGETALL', KEYS[1])
  local anew = {}
  local function add(sum, by) anew[sum] = (anew[sum] or 0) + by end
  for i = 1, #entries, 2 do
    local field, held = entries[i], count(entries[i + 1])
    local account, region = string.match(field, '^(%d+)%.([^/]+)/')
    local isAdopted = account == nil
    if isAdopted then account, region = string.match(field, '^adopted:(%d+)%.([^:]+):') end
    if isSum(field) or (account ~= nil and held == nil) then
      redis.call('HDEL', KEYS[1], field)
    elseif account ~= nil then
      if not isAdopted then add('total', held) end
      add('a:' .. account, held)
      add('t:' .. account .. '.' .. region, held)
    end
  end
  for sum, by in pairs(anew) do redis.call('HSET', KEYS[1], sum, by) end
end
for _, field in ipairs({ sums[1], sums[2], sums[3], member, adopted }) do
  if count(redis.call('HGET', KEYS[1], field)) == nil then
    sumAnew()
    break
  end
end
local function change(which, by)
  for _, sum in ipairs(which) do
    if redis.call('HINCRBY', KEYS[1], sum, by) <= 0 then redis.call('HDEL', KEYS[1], sum) end
  end
end
if ARGV[1] == 'release' then
  local given = 0
  for field, which in pairs({ [member] = sums, [adopted] = own }) do
    local held = tonumber(redis.call('HGET', KEYS[1], field) or '0')
    if held > 0 then
      redis.call('HDEL', KEYS[1], field)
      change(which, -held)
      given = given + held
    end
  end
  return given
end
-- A batch reserves once: the same call again (resent after a lost connection) gets the same answer.
local held = tonumber(redis.call('HGET', KEYS[1], member) or '0')
if held > 0 then return held end
if ARGV[1] == 'adopt' then
  if redis.call('HSETNX', KEYS[1], adopted, ARGV[5]) == 1 then change(own, tonumber(ARGV[5])) end
  return tonumber(ARGV[5])
end
local granted = tonumber(ARGV[5])
local blocking = {}
for i, sum in ipairs(sums) do
  local used = tonumber(redis.call('HGET', KEYS[1], sum) or '0')
  local room = math.max(0, tonumber(ARGV[5 + i]) - used)
  if room == 0 then blocking[#blocking + 1] = sum end
  granted = math.min(granted, room)
end
if granted <= 0 then
  local time = redis.call('TIME')
  local now = time[1] .. string.format('%03d', math.floor(tonumber(time[2]) / 1000))
  for _, sum in ipairs(blocking) do
    local since = string.match(redis.call('HGET', KEYS[1], 'blocked:' .. sum) or '', '^(%d+)|') or now
    redis.call('HSET', KEYS[1], 'blocked:' .. sum, since .. '|' .. now)
  end
  return 0
end
for _, sum in ipairs(sums) do redis.call('HDEL', KEYS[1], 'blocked:' .. sum) end
redis.call('HSET', KEYS[1], member, granted)
change(sums, granted)
return granted
