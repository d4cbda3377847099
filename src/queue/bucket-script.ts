/**
 * One step on a token bucket, atomic in Redis and by Redis' own clock: full burst first, then the refill rate.
 * KEYS: the bucket; the processes that share it. ARGV: step, process, seed (tokens, rate, burst), up to four arguments.
 *
 * A bucket that is not there is made from the caller's seed: after a FLUSHALL that is what the caller last knew of it,
 * so nobody gets the whole burst a second time. The first who has to wait is the head: as long as it keeps asking,
 * others only get what is left beyond its need, or a dear call would starve behind cheap ones of another process.
 */
export const bucketScript = `
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local step, process = ARGV[1], ARGV[2]
local a, b, c, d = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local was = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'rate', 'burst', 'pausedUntil', 'head', 'headUntil', 'headNeeds')
local tokens, at = tonumber(was[1] or ARGV[3]), tonumber(was[2] or now)
local rate, burst = tonumber(was[3] or ARGV[4]), tonumber(was[4] or ARGV[5])
local pausedUntil = tonumber(was[5] or 0)
local head, headUntil, headNeeds = was[6] or '', tonumber(was[7] or 0), tonumber(was[8] or 0)
if now > at then
  tokens = math.min(burst, tokens + (now - at) * rate / 1000)
  at = now
elseif at > now + 60000 then
  at = now
end
if headUntil <= now then head = '' end
local granted, waitMs = 0, 0

if step == 'take' then
  local cost, waiter = tonumber(a), b
  local needed = math.min(cost, burst)
  local ahead = 0
  if head ~= '' and head ~= waiter then ahead = headNeeds end
  waitMs = math.max(0, pausedUntil - now, (needed + ahead - tokens) / rate * 1000)
  if waitMs <= 0 then
    granted = 1
    -- The channel's own bucket begins to refill when the call gets there.
    if tokens >= burst then at = now + tonumber(d) else at = math.max(at, now) end
    tokens = tokens - cost
    if head == waiter then head = '' end
  elseif ahead == 0 then
    head, headNeeds = waiter, needed
    -- It may come late on a machine that is busy; who died while waiting is waited for no longer than this.
    headUntil = now + math.min(waitMs, tonumber(c)) + 1000
  end
  redis.call('ZADD', KEYS[2], now, process)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 60000)
  redis.call('PEXPIRE', KEYS[2], 120000)
elseif step == 'leave' then
  if head == a then head = '' end
elseif step == 'refund' then
  tokens = math.min(burst, tokens + tonumber(a))
elseif step == 'observe' then
  if b ~= '' then rate = tonumber(b) end
  if c ~= '' then burst = tonumber(c) end
  if a ~= '' then tokens = math.min(tokens, tonumber(a)) end
elseif step == 'hold' then
  pausedUntil = math.max(pausedUntil, now + tonumber(a))
  if b == 'empty' then
    tokens = math.min(tokens, 0)
    -- As after a burst: ours stays a little behind the channel's, or the next late call is refused again.
    at = math.max(at, now + math.min(tonumber(a), tonumber(c)))
  end
end

local f = '%.6f'
redis.call('HSET', KEYS[1], 'tokens', f:format(tokens), 'at', f:format(at), 'rate', f:format(rate), 'burst', f:format(burst),
  'pausedUntil', f:format(pausedUntil), 'head', head, 'headUntil', f:format(headUntil), 'headNeeds', f:format(headNeeds))
redis.call('PEXPIRE', KEYS[1], math.ceil(86400000 + math.max(0, pausedUntil - now)))
return { granted, f:format(waitMs), f:format(tokens), f:format(rate), f:format(burst),
  f:format(math.max(0, pausedUntil - now)), redis.call('ZCARD', KEYS[2]) }
`;
