-- Commits one decision about a target: its records and intents, and everything that follows from them.
-- KEYS: 1 instances (hash)  2 counts (hash)  3 candidates (zset)  4 verify (zset)  5 intents (hash)  6 summary (hash)
--       of all targets: 7 totals (hash)  8 index by state and cause (zset)  9 instance → target (hash)  10 populated (set)
--       due, one zset each: 11 install  12 verify  13 collect;  14 places (hash)  15 changes (stream)
--       16 what the release before counted batches in (hash)  17 repair rate (hash)
--       whose outputs are alike: 18 hosts (hash)  19 index (zset)  20 sums (hash)  21 accounts (hash);  22 ramps (hash)
-- ARGV: 1 `all` (all or nothing) | `each`  2 a random word  3 target id  4 account id
--       5 no install is due before (epoch ms; `inf`: the caller is the install job and says itself when the next is due; '': now)
--       6 cap of all  7 cap per account  8 cap per target  9 cap of repairs, or
--       `CAP|PER_HOUR|HOUR_MS` ('': these are no repairs). All '': it claims nothing
--       10 entries kept in the stream  11 schema number of this release
--       12 number of records R, then R times: instance id, expected version (0: must be absent), value ('' deletes),
--         ids of the ramps in which a claimed host needs a slot, joined by commas
--       then number of intents I, then I times: batch id, expected version (0: must be absent), value ('' deletes),
--         when to look at it (epoch ms; '': a new one now, another one as it stands)
--       then number of failed outputs F, then F times: instance id, its cluster of outputs
--       at last the wave of the claimed hosts and its cap ('' twice: it has none)
--   A record's value is `version|state|cause|candidateAt|verifyAt|JSON`, with `seal|` before the JSON or without; an intent's is `version|JSON`.
-- Returns: a list of R + I results `written` | `stale`, in the order given. With `all`, one stale makes all stale; without room
--   under the caps for the hosts that it claims, or within the hour for its repairs, all are `full`, and `ramp` without a slot
--   in each of their ramps.
-- Invariant: counts, candidates, verify, totals, index and instance → target agree with the headers in instances, and so do
--   places (places.lua), ramps (ramps.lua) and the outputs that are alike (outputs.lua). A target with a candidate has an install
--   due, one with an instance in verify a verify, each intent a collect; a record that may be claimed earlier than before makes
--   the install due by then. The word `written` in the summary is another one after every write of records. An entry of the
--   stream tells every record that was written: of what changed its state or cause how, of others the ids.
local TYPES = { 'hash', 'hash', 'zset', 'zset', 'hash', 'hash', 'hash', 'zset', 'hash', 'set', 'zset', 'zset', 'zset', 'hash', 'stream', 'hash', 'hash',
  'hash', 'zset', 'hash', 'hash', 'hash' }
local instances, counts, candidates, verify, intents, summary = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local instance_targets, populated = KEYS[9], KEYS[10]
local due_install, due_verify, due_collect, held, changes = KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local target, account = ARGV[3], ARGV[4]
local not_before = tonumber(ARGV[5]) or 0
local caps = ARGV[6] ~= '' and { ARGV[6], ARGV[7], ARGV[8], string.match(ARGV[9], '^%d*') } or nil
local per_hour, hour_ms = string.match(ARGV[9], '^%d+|(%d+)|(%d+)$')
local own = string.sub(KEYS[7], 1, -#'counts' - 1)
local names = { instances = instances, counts = counts, totals = KEYS[7], index = KEYS[8] }
local alike = { hosts = KEYS[18], index = KEYS[19], sums = KEYS[20], accounts = KEYS[21] }

-- What is to be written, and what is stale by now.
local results, stale, at = {}, false, 12
local function read_changes(key)
  local writes = {}
  local from = at + 1
  for i = 0, tonumber(ARGV[at]) - 1 do
    local n = from + i * 4
    local id, expected = ARGV[n], ARGV[n + 1]
    local current = redis.call('HGET', key, id)
    local version = current and string.match(current, '^(%d+)|') or (not current and '0')
    local is_fresh = version == expected
    results[#results + 1] = is_fresh and 'written' or 'stale'
    if is_fresh then
      -- Of an intent when to look at it, of a record its ramps.
      writes[#writes + 1] = { id = id, current = current, value = ARGV[n + 2], look_at = tonumber(ARGV[n + 3]), ramps = {} }
      for ramp in string.gmatch(key == instances and ARGV[n + 3] or '', '[^,]+') do
        table.insert(writes[#writes].ramps, ramp)
      end
    else
      stale = true
    end
  end
  at = from + tonumber(ARGV[at]) * 4
  return writes
end
for i, kind in ipairs(TYPES) do
  -- An error in the middle would leave records without their intents: what can be refused is refused before the first write.
  local is = redis.call('TYPE', KEYS[i]).ok
  if is ~= 'none' and is ~= kind then return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' is a ' .. is) end
end
local record_writes = read_changes(instances)
local intent_writes = read_changes(intents)
local clusters = {}
for i = at + 1, at + 2 * tonumber(ARGV[at] or 0), 2 do clusters[ARGV[i]] = ARGV[i + 1] end
local function refuse(result)
  for i = 1, #results do results[i] = result end
  return results
end
if stale and ARGV[1] == 'all' then return refuse('stale') end
if caps then
  places.make(held, own, names.index)
  places.check(held, target)
  local claimed, wanted = 0, {}
  for _, write in ipairs(record_writes) do
    if records.header(write.value) == 'sending' and not places.of(held, write.id) then
      claimed = claimed + 1
      wanted[write.id] = write.ramps
    end
  end
  if claimed > 0 and places.room(held, target, caps) < claimed then return refuse('full') end
  local wave, most = ARGV[#ARGV - 1], tonumber(ARGV[#ARGV])
  if most and records.in_flight(names.totals, wave) + claimed > most then return refuse('full') end
  if not ramps.has_slots(own, KEYS[22], wanted) then return refuse('ramp') end
  if claimed > 0 and per_hour then
    if repair_rate.room(KEYS[17], per_hour, hour_ms) < claimed then return refuse('full') end
    repair_rate.take(KEYS[17], claimed, hour_ms)
  end
elseif #record_writes + #intent_writes > 0 then
  places.check(held, target)
end

-- Records.
local deltas, told, touched, install_at, joins, joined = {}, {}, {}, math.huge, false, 0
local candidate_scores, verify_scores, no_candidates, no_verify, placed = {}, {}, {}, {}, {}
-- What an end says of the installer: nothing where no command ran, or an operator canceled it.
local function outcome_of(state, cause, old_state)
  if state == 'joined' or state == 'installed' then return 'joined' end
  local has_run = old_state == 'installing' or old_state == 'installed'
  return state == 'failed' and has_run and cause ~= 'ec2-ssm-canceled' and 'failed' or 'neither'
end
-- A command that was found in AWS has no place yet: its record was not `sending`.
local function move_place(write, state, cause, verify_at, old_state)
  local id = write.id
  local keeps, place = places.keeps(state, verify_at), places.of(held, id)
  if keeps == true and not place then
    local kind = caps and ARGV[9] ~= '' and 'repair' or 'install'
    if state == 'installing' and old_state ~= 'sending' then kind = 'adopted' end
    places.take(held, id, target, kind, ramps.take(own, KEYS[22], write.ramps, id, target))
  elseif keeps == false and place and not (place.kind == 'adopted' and place.link ~= '') then
    places.give_back(held, id)
    if place.kind == 'repair' and old_state == 'sending' then repair_rate.give_back(KEYS[17], place.since) end
    ramps.count_end(own, place.link, id, place.target, outcome_of(state, cause, old_state))
  end
end
local function index(list, gone, id, score)
  if score == '' then gone[#gone + 1] = id else list[#list + 1], list[#list + 2] = score, id end
end
for _, write in ipairs(record_writes) do
  local old_state, old_cause, old_candidate, old_verify = records.header(write.current)
  local state, cause, candidate, verify_at = records.header(write.value)
  records.add(deltas, write.current, -1)
  records.add(deltas, write.value, 1)
  if write.value == '' then
    redis.call('HDEL', instances, write.id)
    if redis.call('HGET', instance_targets, write.id) == target then redis.call('HDEL', instance_targets, write.id) end
  else
    redis.call('HSET', instances, write.id, write.value)
    placed[#placed + 1], placed[#placed + 2] = write.id, target
  end
  index(candidate_scores, no_candidates, write.id, candidate)
  index(verify_scores, no_verify, write.id, verify_at)
  move_place(write, state, cause, verify_at, old_state)
  outputs.follow(alike, write.id, cause, clusters[write.id], account)
  if candidate ~= '' and (old_candidate == '' or tonumber(candidate) < tonumber(old_candidate)) then
    install_at = math.min(install_at, tonumber(candidate))
  end
  if verify_at ~= '' and verify_at ~= old_verify then joins = true end
  if state == 'joined' and old_state ~= 'joined' then joined = joined + 1 end
  if state ~= old_state or cause ~= old_cause then
    told[#told + 1] = {
      write.id,
      old_state == '' and cjson.null or old_state,
      state == '' and cjson.null or state,
      cause == '' and cjson.null or cause,
    }
  else
    touched[#touched + 1] = write.id
  end
end
if #candidate_scores > 0 then redis.call('ZADD', candidates, unpack(candidate_scores)) end
if #no_candidates > 0 then redis.call('ZREM', candidates, unpack(no_candidates)) end
if #verify_scores > 0 then redis.call('ZADD', verify, unpack(verify_scores)) end
if #no_verify > 0 then redis.call('ZREM', verify, unpack(no_verify)) end
if #placed > 0 then
  redis.call('HSET', instance_targets, unpack(placed))
  redis.call('SADD', populated, target)
end
if #record_writes > 0 then
  redis.call('HSET', summary, 'written', ARGV[2])
  if not records.change(names, target, deltas) then records.count_anew(names, target) end
end

-- For people: what another client has put in its place fails no write.
if joined > 0 then redis.pcall('HINCRBY', own .. 'totals', 'joined', joined) end

-- Intents.
local now = now_ms()
local function hosts_of(intent)
  local is_read, value = pcall(cjson.decode, string.match(intent, '{.*$') or '')
  return is_read and type(value) == 'table' and type(value.instanceIds) == 'table' and value.instanceIds or {}
end
for _, write in ipairs(intent_writes) do
  local member = target .. '/' .. write.id
  if write.value == '' then
    redis.call('HDEL', intents, write.id)
    redis.call('ZREM', due_collect, member)
    for _, id in ipairs(write.current and hosts_of(write.current) or {}) do
      local place = places.of(held, id)
      if place and place.link == write.id then
        places.give_back(held, id)
        local state, _, _, verify_at = records.header(redis.call('HGET', instances, id) or nil)
        if places.keeps(state, verify_at) then places.take(held, id, target, 'adopted', '') end
      end
    end
    -- The release before gives this room back with the intent that it wrote; a sum that is no count is made anew there.
    if redis.call('HDEL', KEYS[16], member, 'adopted:' .. target .. ':' .. write.id) > 0 then
      redis.call('HSET', KEYS[16], 'total', '?')
    end
  else
    redis.call('HSET', intents, write.id, write.value)
    for _, id in ipairs(not write.current and not caps and hosts_of(write.value) or {}) do
      if redis.call('HEXISTS', instances, id) == 0 then places.take(held, id, target, 'adopted', write.id) end
    end
    if write.look_at or not write.current then make_due(due_collect, member, write.look_at or now) end
  end
end

-- What is due. The first lines are for what was just written; the rest for what another client took out.
install_at = math.max(install_at, not_before)
if install_at < math.huge then make_due(due_install, target, install_at) end
if joins then make_due(due_verify, target, now) end
local first = redis.call('ZRANGE', candidates, 0, 0, 'WITHSCORES')[2]
if first then
  local earliest = not_before < math.huge and not_before or now
  redis.call('ZADD', due_install, 'NX', math.max(tonumber(first), earliest), target)
end
if redis.call('ZCARD', verify) > 0 then redis.call('ZADD', due_verify, 'NX', now, target) end
for _, batch in ipairs(redis.call('HKEYS', intents)) do
  redis.call('ZADD', due_collect, 'NX', now, target .. '/' .. batch)
end

if #record_writes > 0 then
  local entry = { 'v', ARGV[11], 'target', target }
  if #told > 0 then entry[5], entry[6] = 'instances', cjson.encode(told) end
  if #touched > 0 then entry[#entry + 1], entry[#entry + 2] = 'touched', cjson.encode(touched) end
  redis.call('XADD', changes, 'MAXLEN', '~', ARGV[10], '*', unpack(entry))
end
return results
