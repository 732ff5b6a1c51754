-- Uploads a picture with different content in each request: equal content would be stored only
-- once, so the benchmark would measure something else. A small chunk of the PNG varies, with its
-- checksum. If the path ends with as many zeros, they vary in the same way.
local bit = require("bit")

local table_of_crc = {}
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do
    local shifted = bit.rshift(crc, 1)
    crc = bit.band(crc, 1) == 1 and bit.bxor(shifted, 0xEDB88320) or shifted
  end
  table_of_crc[byte] = crc
end

local function crc32(text)
  local crc = bit.bnot(0)
  for at = 1, #text do
    local index = bit.band(bit.bxor(crc, text:byte(at)), 0xFF)
    crc = bit.bxor(bit.rshift(crc, 8), table_of_crc[index])
  end
  crc = bit.bnot(crc)
  return string.char(
    bit.band(bit.rshift(crc, 24), 0xFF), bit.band(bit.rshift(crc, 16), 0xFF),
    bit.band(bit.rshift(crc, 8), 0xFF), bit.band(crc, 0xFF))
end

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local WIDTH = 16
local start, head, kind, tail, run, count
function init()
  local file = assert(io.open(os.getenv("BENCH_PICTURE"), "rb"))
  local picture = file:read("*a")
  file:close()
  wrk.headers["Content-Type"] = "image/png"
  -- The request is assembled only once, so that this program costs little during the measurement.
  local whole = wrk.format(os.getenv("BENCH_METHOD"), nil, nil, picture)
  -- The chunk: a type of 4 bytes, 16 bytes that vary, a checksum of 4 bytes.
  local at = #whole - #picture + tonumber(os.getenv("BENCH_VARIES_AT"))
  head = whole:sub(1, at + 4)
  kind = whole:sub(at + 1, at + 4)
  tail = whole:sub(at + 4 + WIDTH + 4 + 1)
  local varies = head:find(string.rep("0", WIDTH) .. " HTTP/1.1\r\n", 1, true)
  if varies then
    start, head = head:sub(1, varies - 1), head:sub(varies + WIDTH)
  end
  run, count = os.getenv("BENCH_RUN"), 0
end

function request()
  count = count + 1
  local unique = string.format("%s%02x%08x", run, number, count)
  local checksum = crc32(kind .. unique)
  if start then
    return start .. unique .. head .. unique .. checksum .. tail
  end
  return head .. unique .. checksum .. tail
end
