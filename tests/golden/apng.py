"""The frames of an APNG, composed as the specification of PNG says (third edition, 11.3.6).

Pillow decodes the parts; it does not blend colours that are half transparent as specified."""

import io
import struct
import zlib

import numpy
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Of the frame control: what happens to the frame before the next one, and how it is painted.
TO_BACKGROUND, TO_PREVIOUS = 1, 2
OVER = 1


def frames(file):
    """The frames as they are shown, in RGBA, and for how many milliseconds."""
    head, shared, parts = _parts(file)
    width, height = struct.unpack(">II", head[:8])
    canvas = numpy.zeros((height, width, 4))
    shown = []
    for control, data in parts:
        size, left, top = control[:2], control[2], control[3]
        delay, unit, disposal, blend = control[4:]
        part = _decoded(struct.pack(">II", *size) + head[8:], shared, data)
        area = numpy.s_[top : top + size[1], left : left + size[0]]
        before = canvas[area].copy()
        canvas[area] = _over(part, before) if blend == OVER else part
        picture = Image.fromarray(numpy.uint8(numpy.round(canvas)))
        shown.append((picture, 1000 * delay / (unit or 100)))
        if disposal == TO_BACKGROUND or disposal == TO_PREVIOUS and len(shown) == 1:
            canvas[area] = 0
        elif disposal == TO_PREVIOUS:
            canvas[area] = before
    return shown


def _parts(file):
    """The header, the chunks that all frames share, and each frame's control and data."""
    head, shared, parts, at = b"", [], [], len(SIGNATURE)
    while at < len(file):
        length, name = struct.unpack(">I4s", file[at : at + 8])
        content = file[at + 8 : at + 8 + length]
        at += length + 12
        if name == b"IHDR":
            head = content
        elif name == b"fcTL":
            parts.append((struct.unpack(">4I2H2B", content[4:]), b""))
        elif name in (b"IDAT", b"fdAT") and parts:
            control, data = parts[-1]
            parts[-1] = (control, data + content[4 * (name == b"fdAT") :])
        elif name in (b"PLTE", b"tRNS"):
            shared.append((name, content))
    return head, shared, parts


def _decoded(head, shared, data):
    chunks = [(b"IHDR", head), *shared, (b"IDAT", data), (b"IEND", b"")]
    file = SIGNATURE + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
    return numpy.asarray(Image.open(io.BytesIO(file)).convert("RGBA"), dtype=numpy.float64)


def _over(top, below):
    above, under = top[..., 3:] / 255, below[..., 3:] / 255
    alpha = above + under * (1 - above)
    colours = top[..., :3] * above + below[..., :3] * under * (1 - above)
    colours = numpy.divide(colours, alpha, where=alpha > 0, out=numpy.zeros_like(colours))
    return numpy.concatenate([colours, alpha * 255], axis=2)
