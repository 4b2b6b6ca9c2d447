"""Make a screenshot small: 256 colours are enough for a page of text.

Owns the choice of colours (in the browser, which already holds the pixels' decoder) and the
writing of an indexed PNG. Must not know what is on the picture.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TypedDict

from playwright.async_api import Browser

# The most frequent colours stay exactly as they are, and so do the rare ones that are like none of
# them, such as a small amber dot. The others, the smoothed edges of letters, take the nearest.
_REDUCE = """
async (png) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0))
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
  const canvas = new OffscreenCanvas(image.width, image.height)
  const context = canvas.getContext('2d')
  context.drawImage(image, 0, 0)
  const { data } = context.getImageData(0, 0, image.width, image.height)
  const pixels = new Uint32Array(data.buffer)
  const counts = new Map()
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1)
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]
  const between = ([r, g, b], [x, y, z]) => (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2
  const all = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a))
  const kept = all.slice(0, 160)
  const rare = all.slice(160).map((pixel) => [pixel, Infinity])
  for (let last = 0; kept.length < Math.min(256, all.length);) {
    for (; last < kept.length; last += 1) {
      const added = parts(kept[last])
      for (const one of rare) one[1] = Math.min(one[1], between(parts(one[0]), added))
    }
    rare.sort((a, b) => b[1] - a[1])
    kept.push(rare.shift()[0])
  }
  const palette = kept.map(parts)
  const nearest = new Map(kept.map((pixel, index) => [pixel, index]))
  for (const pixel of counts.keys()) {
    if (nearest.has(pixel)) continue
    const wanted = parts(pixel)
    let best = Infinity
    palette.forEach((colour, index) => {
      const far = between(colour, wanted)
      if (far < best) { best = far; nearest.set(pixel, index) }
    })
  }
  const rows = []
  for (let row = 0; row < image.height; row += 1) {
    const line = pixels.subarray(row * image.width, (row + 1) * image.width)
    rows.push(String.fromCharCode(...Uint8Array.from(line, (pixel) => nearest.get(pixel))))
  }
  return {
    width: image.width, height: image.height, colours: palette.flat(), rows: rows.map(btoa),
  }
}
"""


class _Reduced(TypedDict):
    """`colours`: red, green, blue, red, …; `rows`: base64 of one byte a pixel."""

    width: int
    height: int
    colours: list[int]
    rows: list[str]


async def small(browser: Browser, png: bytes) -> bytes:
    """The same picture with at most 256 colours. `png` is a whole file, and so is the answer."""
    page = await browser.new_page()
    try:
        found: _Reduced = await page.evaluate(_REDUCE, base64.b64encode(png).decode())
    finally:
        await page.close()
    header = struct.pack(">IIBBBBB", found["width"], found["height"], 8, 3, 0, 0, 0)
    lines = b"".join(b"\0" + base64.b64decode(row) for row in found["rows"])
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"PLTE", bytes(found["colours"])),
            (b"IDAT", zlib.compress(lines, 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
