"""Pictures of a page that are small enough for a repository: PNGs of 256 colours.

A page has few colours, and thousands of shades where letters meet their ground. Without those a
picture has a third of the bytes, and nobody sees the difference.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode, b64encode
from pathlib import Path

from playwright.sync_api import Browser

#: The 256 most frequent colours, and for each pixel the nearest one of them.
_REDUCE = """async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([pixel]) => pixel);
  const channels = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const colours = palette.map(channels);
  const places = new Map();
  for (const pixel of counts.keys()) {
    const own = channels(pixel);
    const far = colours.map((each) => each.reduce((sum, c, i) => sum + (c - own[i]) ** 2, 0));
    places.set(pixel, far.indexOf(Math.min(...far)));
  }
  let indices = "";
  for (const pixel of pixels) indices += String.fromCharCode(places.get(pixel));
  return { width, height, colours: colours.flat(), indices: btoa(indices) };
}"""


def save(browser: Browser, screenshot: bytes, path: Path) -> int:
    """Write a screenshot with fewer colours; its size in bytes."""
    page = browser.new_page()
    picture = page.evaluate(_REDUCE, b64encode(screenshot).decode())
    page.close()
    width, height = picture["width"], picture["height"]
    indices = b64decode(picture["indices"])
    rows = b"".join(b"\0" + indices[at : at + width] for at in range(0, len(indices), width))
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": bytes(picture["colours"]),
        b"IDAT": zlib.compress(rows, 9),
        b"IEND": b"",
    }
    return path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks.items())))


def _chunk(item: tuple[bytes, bytes]) -> bytes:
    kind, data = item
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
