-- Counts hosts in windows, in the order in which they were sent to: the evidence of the brake. One window takes hosts at a
-- time; a full one is kept as long as the hosts of it that have not ended could still make too many failures.
-- KEYS: 1 windows of all (hash)  2 windows of one account (hash); the same key twice for `reset` and `engage` of all
-- ARGV: 1 `sent`    2 now  3 account  4 hosts in a window  5 share of failures that is too many  6 of all: hosts of one account
--                   7 epoch ms before which a window is too old, then pairs: instance id, end of its failure before (epoch ms, '' for none)
--       1 `ended`   2 now  3 account  4 share, then pairs: instance id, `1` for a failure, else `0`
--       1 `engage`  2 now  3 when the window began
--       1 `reset`   2 now
-- Returns: of `ended`, each window that has a new failure, and the one that takes hosts when it has too many: 1 for all or 2
--   for the account, when it began, hosts open, and three entries per account in it: account, hosts, failures. Else nothing.
-- Invariant: a host is in at most one window of a scope until it has ended, and counts there once, however often its end is
--   told; field `h:ID` names that window. `number` is the window that takes hosts, `kept` how many `w:N` there are beside it.
local MOST_KEPT = 200
local LIFE_SECONDS = 2592000
-- How long a window with too many failures waits for hosts of other accounts, before one account's begin another.
local BAD_FOR_MS = 3600000
local all, account_key = KEYS[1], KEYS[2]
local now = tonumber(ARGV[2])

local function load(key, number)
  local text = redis.call('HGET', key, 'w:' .. number)
  return text and cjson.decode(text) or nil
end
local function save(key, number, window)
  redis.call('HSET', key, 'w:' .. number, cjson.encode(window))
end
local function drop(key, number, window)
  redis.call('HDEL', key, 'w:' .. number)
  for id in pairs(window.hosts) do redis.call('HDEL', key, 'h:' .. id) end
end
-- Whether hosts that have not ended could still, or no longer need to, make too many failures.
local function may_be_over(window, share)
  return window.failed + window.open > share * window.sent
end
-- Whether a window that takes no more hosts can still tell something new.
local function is_of_use(window, share)
  return window.open > 0 and may_be_over(window, share)
end
-- Forgets all windows; what failures count again is kept.
local function empty(key)
  local kept = redis.call('HMGET', key, 'from', 'to', 'resets')
  redis.call('DEL', key)
  for i, field in ipairs({ 'from', 'to', 'resets' }) do
    if kept[i] then redis.call('HSET', key, field, kept[i]) end
  end
  redis.call('EXPIRE', key, LIFE_SECONDS)
end
-- What all began anew, its accounts begin anew with it.
local function follow_resets(key)
  if key == all then return end
  local resets = redis.call('HGET', all, 'resets') or '0'
  if (redis.call('HGET', key, 'resets') or '0') ~= resets then
    empty(key)
    redis.call('HSET', key, 'resets', resets)
  end
end
-- A failure that engaged the brake says nothing of the host, so the host counts once more after the reset.
local function is_within(key, at)
  local from, to = unpack(redis.call('HMGET', key, 'from', 'to'))
  return from and at >= tonumber(from) and at <= tonumber(to)
end

if ARGV[1] == 'sent' then
  local account, size, share, most, oldest = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
  for _, key in ipairs(KEYS) do
    follow_resets(key)
    local most_of_account = key == all and most or size
    local number = tonumber(redis.call('HGET', key, 'number') or '0')
    local first = tonumber(redis.call('HGET', key, 'first') or '1')
    local kept = tonumber(redis.call('HGET', key, 'kept') or '0')
    local window = load(key, number)
    if window and window.began < oldest then
      drop(key, number, window)
      window = nil
    end
    -- False, and nothing happens, while so many windows are kept that no other may be opened.
    local function open_next()
      while first < number do
        local old = load(key, first)
        if old and old.began >= oldest then break end
        if old then
          drop(key, first, old)
          kept = kept - 1
        end
        first = first + 1
      end
      if window and is_of_use(window, share) then
        if kept >= MOST_KEPT then return false end
        save(key, number, window)
        kept = kept + 1
      elseif window then
        drop(key, number, window)
      end
      number = number + 1
      window = { began = now, sent = 0, failed = 0, open = 0, accounts = {}, hosts = {} }
      return true
    end
    for at = 8, #ARGV, 2 do
      local id, failed_at = ARGV[at], tonumber(ARGV[at + 1])
      local counts = failed_at == nil or is_within(key, failed_at) or is_within(all, failed_at)
      if counts and redis.call('HEXISTS', key, 'h:' .. id) == 0 then
        local in_it = window and window.accounts[account] or { 0, 0 }
        local is_settled = window
          and (not may_be_over(window, share) or (window.open == 0 and now - window.began > BAD_FOR_MS))
        if not window or window.sent >= size or (in_it[1] >= most_of_account and is_settled) then
          if not open_next() then break end
          in_it = { 0, 0 }
        end
        if in_it[1] < most_of_account then
          window.accounts[account] = { in_it[1] + 1, in_it[2] }
          window.sent = window.sent + 1
          window.open = window.open + 1
          window.hosts[id] = account
          redis.call('HSET', key, 'h:' .. id, number)
        end
      end
    end
    if window then save(key, number, window) end
    redis.call('HSET', key, 'number', number, 'first', first, 'kept', kept)
    redis.call('EXPIRE', key, LIFE_SECONDS)
  end
  return {}
end

if ARGV[1] == 'ended' then
  local share = tonumber(ARGV[4])
  local rows = {}
  for scope, key in ipairs(KEYS) do
    follow_resets(key)
    local touched, failing = {}, {}
    for at = 5, #ARGV, 2 do
      local id, failed = ARGV[at], ARGV[at + 1] == '1'
      local number = redis.call('HGET', key, 'h:' .. id)
      if number then
        redis.call('HDEL', key, 'h:' .. id)
        touched[number] = touched[number] or load(key, number)
        local window = touched[number]
        if window and window.hosts[id] then
          local in_it = window.accounts[window.hosts[id]]
          window.hosts[id] = nil
          window.open = window.open - 1
          if failed then
            window.failed = window.failed + 1
            in_it[2] = in_it[2] + 1
            failing[number] = window
          end
        end
      end
    end
    local open_number = redis.call('HGET', key, 'number')
    for number, window in pairs(touched) do
      if number ~= open_number and not is_of_use(window, share) then
        drop(key, number, window)
        redis.call('HINCRBY', key, 'kept', -1)
      else
        save(key, number, window)
      end
    end
    if open_number and not failing[open_number] then
      local window = load(key, open_number)
      if window and window.failed > share * window.sent then failing[open_number] = window end
    end
    for _, window in pairs(failing) do
      local row = { scope, window.began, window.open }
      for account, in_it in pairs(window.accounts) do
        row[#row + 1] = account
        row[#row + 1] = in_it[1]
        row[#row + 1] = in_it[2]
      end
      rows[#rows + 1] = row
    end
  end
  return rows
end

if ARGV[1] == 'engage' then
  follow_resets(account_key)
  redis.call('HSET', account_key, 'engaged', ARGV[3])
  redis.call('EXPIRE', account_key, LIFE_SECONDS)
  return {}
end

-- reset
local engaged = redis.call('HGET', account_key, 'engaged')
empty(account_key)
if engaged then redis.call('HSET', account_key, 'from', engaged, 'to', now) end
if account_key == all then
  redis.call('HINCRBY', all, 'resets', 1)
else
  redis.call('HDEL', account_key, 'resets')
end
redis.call('EXPIRE', account_key, LIFE_SECONDS)
return {}
