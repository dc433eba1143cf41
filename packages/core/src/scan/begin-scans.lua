-- Begins scans: puts targets off, and reads what their scans must know.
-- KEYS: 1 due (zset)  2 accounts (hash)  3 account-regions (hash)  4 coverage (hash)  5 sweep (hash)  6 inventory (hash)
-- ARGV: 1 how many accounts, then their ids, then pairs of target id, lease (ms)
-- Returns: now and the readings' date (epoch ms), then lists in the order given: JSON per account, regions JSON per account,
--   coverage JSON per target; then since when the inventory's snapshots are compared, and the id of the sweep. Each false when there is none.
local now = now_ms()
local accounts, targets, scored = {}, {}, {}
for i = 1, tonumber(ARGV[1]) do accounts[i] = ARGV[1 + i] end
for i = 2 + #accounts, #ARGV, 2 do
  targets[#targets + 1] = ARGV[i]
  scored[#scored + 1] = now + ARGV[i + 1]
  scored[#scored + 1] = ARGV[i]
end
redis.call('ZADD', KEYS[1], unpack(scored))
return {
  now,
  date_reading(KEYS[5], now, 0),
  redis.call('HMGET', KEYS[2], unpack(accounts)),
  redis.call('HMGET', KEYS[3], unpack(accounts)),
  redis.call('HMGET', KEYS[4], unpack(targets)),
  redis.call('HGET', KEYS[6], 'comparedSinceMs'),
  redis.call('HGET', KEYS[5], 'id'),
}
