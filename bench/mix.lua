-- 90% reads of the timeline and of single tweets, 10% likes; counts the answers by status.
-- Environment: MIX_IDS (tweet ids, separated by commas), MIX_LIKES (percentage of likes; default 10).

local ids = {}
for id in string.gmatch(os.getenv("MIX_IDS") or "1", "%d+") do ids[#ids + 1] = id end
local likes = tonumber(os.getenv("MIX_LIKES") or "10")
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("seed", #threads)
end

function init()
  math.randomseed(seed)
  ok, acknowledged, other = 0, 0, 0
  others = ""
end

function request()
  local id = ids[math.random(#ids)]
  if math.random(100) <= likes then return wrk.format("POST", "/like/" .. id) end
  if math.random(2) == 1 then return wrk.format("GET", "/api/tweets") end
  return wrk.format("GET", "/api/tweets/" .. id)
end

function response(status)
  if status == 200 then
    ok = ok + 1
  elseif status == 202 then
    acknowledged = acknowledged + 1
  else
    other = other + 1
    if #others < 200 then others = others .. status .. " " end
  end
end

function done(summary)
  local total = {ok = 0, acknowledged = 0, other = 0}
  local text = ""
  for _, thread in ipairs(threads) do
    for name in pairs(total) do total[name] = total[name] + thread:get(name) end
    text = text .. thread:get("others")
  end
  local errors = summary.errors
  io.write(string.format('\nMIX {"ok":%d,"acknowledged":%d,"other":%d,"others":"%s","requests":%d,"duration_us":%d,'
    .. '"connect":%d,"read":%d,"write":%d,"timeout":%d}\n', total.ok, total.acknowledged, total.other, text,
    summary.requests, summary.duration, errors.connect, errors.read, errors.write, errors.timeout))
end
