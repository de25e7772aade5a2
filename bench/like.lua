-- wrk: POST /like/ID for the tweets 1 to TWEETS in a fixed random order. Arguments: TWEETS.
local requests, at = {}, 0

function init(arguments)
  local tweets = tonumber(arguments[1])
  math.randomseed(1)
  for i = 1, tweets do
    requests[i] = wrk.format("POST", "/like/" .. i)
  end
  for i = tweets, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
