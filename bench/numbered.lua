-- wrk: METHOD of PREFIX1 to PREFIXCOUNT in a fixed random order. Arguments: METHOD PREFIX COUNT.
local requests, at = {}, 0

function init(arguments)
  local method, prefix, count = arguments[1], arguments[2], tonumber(arguments[3])
  math.randomseed(1)
  for i = 1, count do
    requests[i] = wrk.format(method, prefix .. i)
  end
  for i = count, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
