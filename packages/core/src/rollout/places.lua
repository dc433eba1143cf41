-- Places: hosts under way, under the caps. A host takes its place when its record goes to `sending`, keeps it while the command
-- runs and until its node is there or its deadline is over, and gives it back with any other end. One hash (`key`):
--   INSTANCE → `TARGET|KIND|SINCE|LINK`. KIND is `install`; `repair` (its record has joined before): counts under the cap of
--   repairs too; `adopted` (its command was found in AWS): counts for its account and target, never for all. SINCE is epoch ms.
--   LINK: of an adopted command on an instance without a record its batch, which ends the place; else the ramps it counts in.
--   `total`, `repair`, `a:ACCOUNT`, `t:TARGET` → the sums of these entries.
--   `blocked:SUM` → since when, and when last, its cap left no room to any batch (`epoch ms|epoch ms`); room ends it.
--   `made` → the places were made from the records once. `reviewed` → when they were last compared with them (epoch ms).
-- Invariant: the sums equal the entries. What is no entry is not Muster's: it is taken out, a sum is made anew.
local places = {}
-- Nil for anything that these functions do not write.
local function count_of(text)
  return tonumber(string.match(text or '0', '^%d%d?%d?%d?%d?%d?%d?$') or '')
end
local function parse_place(text)
  local target, kind, since, link = string.match(text or '', '^(%d+%.[%w-]+)|(%l+)|(%d+)|([^|]*)$')
  if not target or (kind ~= 'install' and kind ~= 'repair' and kind ~= 'adopted') then return nil end
  return { target = target, account = string.match(target, '^%d+'), kind = kind, since = since, link = link }
end
local function sums_of(place)
  local sums = { 'a:' .. place.account, 't:' .. place.target }
  if place.kind ~= 'adopted' then sums[#sums + 1] = 'total' end
  if place.kind == 'repair' then sums[#sums + 1] = 'repair' end
  return sums
end
-- Whether a record in this state keeps its host's place: true, false, or nil for one that changes nothing. `installed` keeps
-- what it has while its node is waited for; one that is back from a stop has none. A newer release's states change nothing.
local ENDS = {
  [''] = true, discovered = true, stopped = true, unmatched = true, ineligible = true, queued = true,
  joined = true, lost = true, failed = true, gone = true,
}
function places.keeps(state, verify_at)
  if state == 'sending' or state == 'installing' then return true end
  if ENDS[state] or (state == 'installed' and verify_at == '') then return false end
  return nil
end
-- The place of an instance; nil when it has none.
function places.of(key, id)
  return parse_place(redis.call('HGET', key, id))
end
local function sum_anew(key)
  local entries, anew = redis.call('HGETALL', key), {}
  for i = 1, #entries, 2 do
    local field, place = entries[i], parse_place(entries[i + 1])
    if string.sub(field, 1, 2) == 'i-' and place then
      for _, sum in ipairs(sums_of(place)) do anew[sum] = (anew[sum] or 0) + 1 end
    elseif not string.match(field, '^blocked:') and field ~= 'made' and field ~= 'reviewed' then
      redis.call('HDEL', key, field)
    end
  end
  for sum, by in pairs(anew) do redis.call('HSET', key, sum, by) end
end
-- Makes the sums of a target anew when one of them is no count.
function places.check(key, target)
  local account = string.match(target, '^%d+')
  for _, sum in ipairs({ 'total', 'repair', 'a:' .. account, 't:' .. target }) do
    if count_of(redis.call('HGET', key, sum)) == nil then return sum_anew(key) end
  end
end
-- Gives an instance a place of this kind; one that has a place keeps that.
function places.take(key, id, target, kind, link)
  if places.of(key, id) then return end
  local place = parse_place(target .. '|' .. kind .. '|' .. string.format('%.0f', now_ms()) .. '|' .. link)
  redis.call('HSET', key, id, table.concat({ place.target, place.kind, place.since, place.link }, '|'))
  for _, sum in ipairs(sums_of(place)) do
    redis.call('HINCRBY', key, sum, 1)
    if kind ~= 'adopted' then redis.call('HDEL', key, 'blocked:' .. sum) end
  end
end
-- Takes the place of an instance back; once, however often it is asked. Returns it.
function places.give_back(key, id)
  local place = places.of(key, id)
  if not place then return nil end
  redis.call('HDEL', key, id)
  for _, sum in ipairs(sums_of(place)) do
    if redis.call('HINCRBY', key, sum, -1) <= 0 then redis.call('HDEL', key, sum) end
  end
  return place
end
-- How many more instances of a target the caps let in, and the sums that let in none.
function places.room(key, target, caps)
  local account = string.match(target, '^%d+')
  local room, full = math.huge, {}
  for i, sum in ipairs({ 'total', 'a:' .. account, 't:' .. target, 'repair' }) do
    if caps[i] ~= '' then
      local left = math.max(0, tonumber(caps[i]) - tonumber(redis.call('HGET', key, sum) or '0'))
      if left == 0 then full[#full + 1] = sum end
      room = math.min(room, left)
    end
  end
  return room, full
end
-- Makes places from the records, once: of a ledger whose last release counted batches instead. An index says which targets
-- hold hosts under way. `own` is what the keys of the installation begin with.
function places.make(key, own, index)
  if redis.call('HSETNX', key, 'made', 1) == 0 then return end
  local targets = {}
  for _, state in ipairs({ 'sending', 'installing', 'installed' }) do
    local prefix = 's:' .. state .. '|'
    for _, member in ipairs(redis.call('ZRANGEBYLEX', index, '[' .. prefix, '(s:' .. state .. '}')) do
      targets[string.sub(member, #prefix + 1)] = true
    end
  end
  for target in pairs(targets) do
    local adopted = {}
    local intents = redis.call('HGETALL', own .. target .. ':intents')
    for i = 1, #intents, 2 do
      adopted[intents[i]] = string.find(intents[i + 1], '"epoch":"adopted"', 1, true) ~= nil
    end
    local entries = redis.call('HGETALL', own .. target .. ':instances')
    for i = 1, #entries, 2 do
      local state, _, _, verify_at = records.header(entries[i + 1])
      local keeps = places.keeps(state, verify_at)
      -- One that has joined before and is installed is back from a stop.
      local is_new = state == 'installed' and string.find(entries[i + 1], '"joinedAtMs":null', 1, true)
      if keeps or (keeps == nil and is_new) then
        local is_read, record = pcall(cjson.decode, string.match(entries[i + 1], '{.*$') or '')
        local batch = is_read and type(record) == 'table' and record.batchId
        places.take(key, entries[i], target, adopted[batch] and 'adopted' or 'install', '')
      end
    end
  end
end
-- Gives back what no record holds any more: another client deleted it, or a release that counts batches ended it. At most
-- every ten seconds.
function places.review(key, own)
  local now = now_ms()
  if now - (tonumber(redis.call('HGET', key, 'reviewed') or '') or 0) < 10000 then return end
  sum_anew(key)
  redis.call('HSET', key, 'reviewed', string.format('%.0f', now))
  for _, id in ipairs(redis.call('HKEYS', key)) do
    local place = places.of(key, id)
    if place then
      local record = redis.call('HGET', own .. place.target .. ':instances', id)
      local state, _, _, verify_at = records.header(record or nil)
      local is_followed = place.kind == 'adopted' and redis.call('HEXISTS', own .. place.target .. ':intents', place.link) == 1
      if places.keeps(state, verify_at) == false and not is_followed then
        places.give_back(key, id)
        local is_end = state == 'joined' or state == 'failed'
        ramps.count_end(own, place.link, id, place.target, is_end and state or 'neither')
      end
    end
  end
  ramps.review(own, own .. 'ramps', function(id, ramp)
    local place = places.of(key, id)
    return place and string.find(',' .. place.link .. ',', ',' .. ramp .. ',', 1, true) ~= nil
  end)
end
