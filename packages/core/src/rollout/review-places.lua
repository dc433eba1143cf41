-- Compares places and slots with the records, at most every ten seconds: while a ramp runs, one that no host holds would hold it.
-- KEYS: 1 places (hash)  2 index by state and cause (zset)  3 totals (hash)
-- Returns: nothing.
local own = string.sub(KEYS[3], 1, -#'counts' - 1)
places.make(KEYS[1], own, KEYS[2])
places.review(KEYS[1], own)
