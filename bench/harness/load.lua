-- For wrk: one method and one body (or, with "cycle", paths or credentials in turn), and the outcome as JSON.
local cycle, count, at = nil, 0, 0

function init(args)
  if args[1] == "cycle-jobs" or args[1] == "cycle-callers" then
    cycle, count = args[1], tonumber(args[2])
    prefix, suffix = args[3] or "", args[4] or ""
  elseif args[1] == "post" then
    local file = assert(io.open(args[2], "rb"))
    wrk.method, wrk.body = "POST", file:read("*a")
    file:close()
    wrk.headers["Content-Type"] = "application/json"
  end
  if cycle then
    requests = {}
    for number = 1, count do
      if cycle == "cycle-jobs" then
        requests[number] = wrk.format("GET", prefix .. (number - 1) .. suffix)
      else
        local headers = { ["Authorization"] = "ApiKey caller-" .. number }
        requests[number] = wrk.format("GET", nil, headers)
      end
    end
    request = function()
      at = at % count + 1
      return requests[at]
    end
  end
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"p50":%.1f,"p99":%.1f,"bad":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
