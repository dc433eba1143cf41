-- Notes what a look at the waves found: since when the conditions of each have held, and which have begun by that.
-- KEYS: 1 waves (hash): WAVE → `digest|held since|opened at|looked at|targets|unread`; times in epoch ms, '' for none
-- ARGV: 1 milliseconds without a look after which conditions count from the next look on, then six per wave: name, digest of
--       its definition, whether its conditions hold (1 or 0), for how long they must (ms), targets, unread
-- Returns: the names of waves that have begun with this look.
-- Invariant: a wave has begun once looks have found its conditions to hold for so long, with no look in between that did not and
--   no gap between looks; it stays begun until its definition is another one.
local now, begun = now_ms(), {}
for i = 2, #ARGV, 6 do
  local name, digest, holds, for_ms = ARGV[i], ARGV[i + 1], ARGV[i + 2] == '1', tonumber(ARGV[i + 3])
  local text = redis.call('HGET', KEYS[1], name) or ''
  local known, since, opened, looked = string.match(text, '^([^|]*)|(%d*)|(%d*)|(%d*)|')
  if known ~= digest then since, opened, looked = '', '', '' end
  if not holds then
    since = ''
  elseif since == '' or now - (tonumber(looked) or 0) > tonumber(ARGV[1]) then
    since = string.format('%.0f', now)
  end
  if opened == '' and since ~= '' and now - tonumber(since) >= for_ms then
    opened = string.format('%.0f', now)
    begun[#begun + 1] = name
  end
  local fields = { digest, since, opened, string.format('%.0f', now), ARGV[i + 4], ARGV[i + 5] }
  redis.call('HSET', KEYS[1], name, table.concat(fields, '|'))
end
return begun
