-- Appends one entry to the audit, when the chain still ends where the writer saw its end.
-- KEYS: 1 audit (stream)  2 once (string)
-- ARGV: 1 hash of the last entry that the writer knows (`?`: none yet, it only asks)  2 the entry's text  3 its hash
--       4 entries kept  5 seconds for which an entry of the same `once` is the same ('': every entry is another)
-- Returns: { 'written', id } | { 'known' } when an entry of this `once` stands already | { 'behind', hash of the last entry
--   ('' without one), its text, now (epoch ms) }: nothing was written.
-- Invariant: each entry names the hash of the one before it, so that no two follow the same one.
if ARGV[5] ~= '' and redis.call('EXISTS', KEYS[2]) == 1 then return { 'known' } end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local hash, text = '', ''
for i = 1, last and #last[2] or 0, 2 do
  if last[2][i] == 'hash' then hash = last[2][i + 1] end
  if last[2][i] == 'text' then text = last[2][i + 1] end
end
if hash ~= ARGV[1] then return { 'behind', hash, text, string.format('%.0f', now_ms()) } end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'text', ARGV[2], 'hash', ARGV[3])
if ARGV[5] ~= '' then redis.call('SET', KEYS[2], id, 'EX', ARGV[5]) end
return { 'written', id }
