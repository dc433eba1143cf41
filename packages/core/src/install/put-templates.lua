-- Writes the output templates of one cause, unless another worker has done so since they were read.
-- KEYS: 1 output templates (hash)   ARGV: 1 cause  2 the text as it was read, '' when there was none  3 the new text
-- Returns: 1; 0, and nothing happens, when it is another text by now.
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
