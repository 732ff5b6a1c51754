"""The pictures that are derived from: some that are generated, and some real ones."""

import io

import numpy
from PIL import Image, ImageDraw


def photo(corpus):
    """A photograph of a flower, 480 × 360."""
    return Image.open(corpus / "pillow-13.0.0/Tests/images/flower.jpg").convert("RGB")


def drawing(width=240, height=180):
    """A drawing with soft, hard and slanted edges, a hole and a shadow, on nothing."""
    scale = 4
    canvas = Image.new("RGBA", (width * scale, height * scale))
    draw = ImageDraw.Draw(canvas)
    across, down = width * scale, height * scale
    draw.rectangle((0, 0, across // 2, down // 3), fill=(220, 30, 40, 255))
    draw.ellipse((across // 5, down // 4, across * 4 // 5, down), fill=(30, 90, 210, 255))
    draw.ellipse((across * 2 // 5, down // 2, across * 3 // 5, down * 3 // 4), fill=(0, 0, 0, 0))
    draw.line((0, down, across, 0), fill=(250, 210, 0, 255), width=6 * scale)
    draw.rectangle((across * 3 // 4, 0, across, down // 4), fill=(20, 120, 40, 110))
    return canvas.convert("RGBa").resize((width, height), Image.Resampling.BOX).convert("RGBA")


def gradient(width=256, height=160):
    """All levels of grey and of three colours, without an edge."""
    across = numpy.linspace(0, 255, width)[None, :, None]
    down = numpy.linspace(0, 1, height)[:, None, None]
    tint = numpy.array([1.0, 0.55, 0.2])
    pixels = across * (tint * down + (1 - down))
    return Image.fromarray(numpy.uint8(numpy.round(pixels)))


def saved(picture, form, **options):
    """The bytes of a file that Pillow writes."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()
