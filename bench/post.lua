-- wrk: POST with a body of SIZE bytes. Arguments: SIZE.
function init(arguments)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/octet-stream"
  wrk.body = string.rep("b", tonumber(arguments[1]))
  text = wrk.format()
end

function request()
  return text
end
