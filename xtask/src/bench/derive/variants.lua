-- Requests another derived image each time, so that none is stored already: the path has places for
-- a width and a quality.
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local WIDTHS, QUALITIES = 100, 30
local path, count
function init()
  path, count = os.getenv("BENCH_PATH"), 0
end

function request()
  local at = 2 * count + number - 1
  count = count + 1
  local width = 251 + at % WIDTHS
  local quality = 61 + math.floor(at / WIDTHS) % QUALITIES
  return wrk.format("GET", string.format(path, width, quality))
end
