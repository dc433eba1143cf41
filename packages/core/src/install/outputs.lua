-- Which hosts' failed outputs are alike, as it follows from their records.
--   hosts (hash): instance id → its entry in the index. index (zset, scores 0): `CLUSTER|MS|ACCOUNT|INSTANCE`, MS with 14 digits,
--     so that a cluster's hosts stand together, the oldest output first. sums (hash): `CLUSTER` → hosts, `CLUSTER|` → accounts.
--     accounts (hash): `CLUSTER|ACCOUNT` → hosts. A CLUSTER is `CAUSE/TEMPLATE`.
-- A host is in one cluster at most, and only while its record has that cause.
local outputs = {}
-- These sums are for people: one that is no number stops no commit.
function outputs.add(key, field, by)
  local count = tonumber(redis.call('HGET', key, field) or 0) or 0
  if count + by <= 0 then redis.call('HDEL', key, field) else redis.call('HSET', key, field, count + by) end
  return count + by
end
function outputs.leave(names, id)
  local entry = redis.call('HGET', names.hosts, id)
  if not entry then return end
  redis.call('HDEL', names.hosts, id)
  redis.call('ZREM', names.index, entry)
  local cluster, account = string.match(entry, '^([^|]*)|%d+|(%d*)|')
  if not cluster then return end
  outputs.add(names.sums, cluster, -1)
  if outputs.add(names.accounts, cluster .. '|' .. account, -1) <= 0 then outputs.add(names.sums, cluster .. '|', -1) end
end
-- Its record was written, with this cause ('' without); `cluster` is that of the output with which its command ended just now.
function outputs.follow(names, id, cause, cluster, account)
  local entry = redis.call('HGET', names.hosts, id)
  if entry and (cluster or string.match(entry, '^([^/|]*)/') ~= cause) then outputs.leave(names, id) end
  if not cluster or string.match(cluster, '^([^/|]*)/') ~= cause then return end
  entry = string.format('%s|%014d|%s|%s', cluster, now_ms(), account, id)
  redis.call('HSET', names.hosts, id, entry)
  redis.call('ZADD', names.index, 0, entry)
  outputs.add(names.sums, cluster, 1)
  if outputs.add(names.accounts, cluster .. '|' .. account, 1) == 1 then outputs.add(names.sums, cluster .. '|', 1) end
end
