"""Entries that the group handed out and then forgot: found without reading the inbox, and given back."""

from __future__ import annotations

from typing import Any

from storage.entries import GROUP, RETURNED, STREAM

LOOK = 1000
"""How many held entries one look goes by."""
MOST = 100
"""How many strays one look gives back: the server reads each of them whole."""
START = "0-0"

# What is held is listed without its content. A stray stands in a gap between two held entries, or before the
# first or behind the last of what was handed out: an empty gap costs the server nothing to read.
_GIVE_BACK = """
local stream, group, from, look, most = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('EXISTS', stream) == 0 then return {0, '0-0'} end
local last
for _, found in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local row = {}
  for i = 1, #found, 2 do row[found[i]] = found[i + 1] end
  if row['name'] == group then last = row['last-delivered-id'] end
end
if not last or last == '0-0' then return {0, '0-0'} end
local strays = {}
local function gather(low, high)
  for _, entry in ipairs(redis.call('XRANGE', stream, low, high, 'COUNT', most - #strays)) do
    strays[#strays + 1] = entry[1]
  end
  return #strays == most
end
local held = redis.call('XPENDING', stream, group, '(' .. from, last, look)
local full, at = false, from
for _, row in ipairs(held) do
  full = gather('(' .. at, '(' .. row[1])
  if full then break end
  at = row[1]
end
if not full and #held < look then
  if at == last or not gather('(' .. at, last) then at = '0-0' end
end
if #strays > 0 then
  local claim = {'XCLAIM', stream, group, ARGV[5], 0}
  for _, id in ipairs(strays) do claim[#claim + 1] = id end
  for _, option in ipairs({'RETRYCOUNT', 0, 'FORCE', 'JUSTID'}) do claim[#claim + 1] = option end
  redis.call(unpack(claim))
end
return {#strays, at}
"""


class Strays:
    """A round through all that was handed out, a part at each look. Raises what Redis raises."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._from = START

    async def give_back(self) -> int:
        """Look at the next part; give back what is held by nobody, and say how many.

        A look is bounded however deep the inbox is, and entries that are held by somebody are not read.
        """
        found, following = await self._redis.eval(
            _GIVE_BACK, 1, STREAM, GROUP, self._from, LOOK, MOST, RETURNED
        )
        self._from = following.decode()
        return int(found)
