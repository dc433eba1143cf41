-- Keeps a bucket of history, unless another scheduler has kept one for the same time, and drops what is too old.
-- KEYS: 1 the fine buckets (hash)  2 the coarse ones (hash)
-- ARGV: 1 the bucket  2 width of a fine bucket (ms)  3 how many are kept  4 width of a coarse one (ms)  5 how many are kept
-- Returns: how many of the two it was kept in, 0 to 2.
-- Invariant: a field is the start of its bucket (epoch ms of Redis), written once; no more than the kept ones are there.
local now, kept = now_ms(), 0
local function keep(key, width, most)
  local start = now - now % width
  if redis.call('HSETNX', key, string.format('%.0f', start), ARGV[1]) == 0 then return end
  kept = kept + 1
  local oldest = start - width * (most - 1)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local at = tonumber(field)
    -- One that is dated ahead was written before Redis's clock was set back.
    if not at or at < oldest or at > start then redis.call('HDEL', key, field) end
  end
end
keep(KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
keep(KEYS[2], tonumber(ARGV[4]), tonumber(ARGV[5]))
return kept
