-- wrk: GET of KEYS different targets in a fixed random order. Arguments: KEYS.
local requests, at = {}, 0

function init(arguments)
  local keys = tonumber(arguments[1])
  math.randomseed(1)
  for i = 1, keys do
    requests[i] = wrk.format("GET", "/cached/" .. i)
  end
  for i = keys, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
