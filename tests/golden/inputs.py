"""Every kind of file, at several sizes, as Pillow decodes it: `inputs.py ADDRESS TOKEN CORPUS`."""

import io
import pathlib
import struct
import zlib

import numpy
from PIL import Image

import pictures
import profiles
from darkroom import Failures, arguments, each
from metrics import psnr, ssim
from pictures import saved
from reference import transformed, upright

# The picture as it is, and smaller ones, for which decoders may do less.
TRANSFORMS = ["", "w=300", "w=97", "w=45"]

# How alike the results must be: decibels, similarity. Some kinds amplify what rounding does.
FLOOR = (37.5, 0.99)
LESS = {
    "1 bit": (32.0, 0.94),
    # Scaled before its colours are converted, and very unlike sRGB.
    "ProPhoto": (33.5, 0.99),
    # What has few colours in the file has fewer in the smaller picture that is decoded of it.
    "drawing-411.jpg": (26.5, 0.99),
    "drawing-440.jpg": (33.0, 0.99),
}

ORIENTATION = 0x0112
QUALITY = 90


def jpegs(photo):
    """Every coding and sampling, with and without profiles, from one to four channels."""
    for sampling in ("4:4:4", "4:2:2", "4:2:0"):
        for progressive in (False, True):
            coding = "progressive" if progressive else "baseline"
            options = {"quality": QUALITY, "subsampling": sampling, "progressive": progressive}
            yield f"{coding} {sampling}", saved(photo, "jpeg", **options)
            odd = photo.crop((3, 5, 420, 302))
            yield f"{coding} {sampling} odd", saved(odd, "jpeg", restart_marker_rows=1, **options)
    # Samplings that Pillow does not write, by libjpeg-turbo: 4:1:1 and 4:4:0.
    for path in sorted(pathlib.Path(__file__).parent.glob("*.jpg")):
        yield path.name, path.read_bytes()
    options = {"quality": QUALITY}
    yield "optimised", saved(photo, "jpeg", optimize=True, **options)
    yield "restart markers", saved(photo, "jpeg", restart_marker_blocks=3, **options)
    yield "low quality", saved(photo, "jpeg", quality=20)
    for progressive in (False, True):
        options["progressive"] = progressive
        coding = "progressive" if progressive else "baseline"
        yield f"grey {coding}", saved(photo.convert("L"), "jpeg", **options)
        inks = inked(photo)
        yield f"CMYK {coding}", saved(inks, "jpeg", **options)
        yield f"YCCK {coding}", ycck(inks, **options)
        profile = profiles.inks()
        yield f"CMYK {coding}, profile", saved(inks, "jpeg", icc_profile=profile, **options)
        yield f"YCCK {coding}, profile", ycck(inks, icc_profile=profile, **options)
    for name, profile in (("P3", profiles.display_p3()), ("ProPhoto", profiles.prophoto())):
        yield name, saved(photo, "jpeg", icc_profile=profile, quality=QUALITY)


def inked(photo):
    """The picture in four inks, with black for what all others share."""
    inks = 255 - numpy.asarray(photo, dtype=numpy.int32)
    black = inks.min(axis=2, keepdims=True) // 2
    inks = (inks - black) * 255 // (255 - black)
    pixels = numpy.concatenate([inks, black], axis=2).clip(0, 255)
    return Image.frombytes("CMYK", photo.size, numpy.uint8(pixels).tobytes())


def ycck(inks, **options):
    """Inks stored as brightness, two colours and black, which Pillow reads and does not write:
    it is told that they are inks, and the file is corrected."""
    pixels = numpy.asarray(inks)
    bright = Image.fromarray(pixels[..., :3].copy()).convert("YCbCr")
    # Pillow stores inks inverted.
    stored = numpy.concatenate([255 - numpy.asarray(bright), pixels[..., 3:]], axis=2)
    stored = Image.frombytes("CMYK", inks.size, stored.tobytes())
    file = bytearray(saved(stored, "jpeg", **options))
    adobe = file.index(b"Adobe")
    assert file[adobe + 11] == 0
    file[adobe + 11] = 2
    return bytes(file)


def pngs(photo, drawing):
    """Every depth and type of colour that Pillow writes, and 16 bits by hand."""
    yield "RGB", saved(photo, "png")
    yield "RGBA", saved(drawing, "png")
    yield "grey", saved(photo.convert("L"), "png")
    yield "grey and alpha", saved(drawing.convert("LA"), "png")
    yield "1 bit", saved(photo.convert("1"), "png")
    for bits in (1, 2, 4, 8):
        few = photo.quantize(1 << bits)
        yield f"palette of {bits} bits", saved(few, "png", bits=bits)
        yield f"palette of {bits} bits, a clear one", saved(few, "png", bits=bits, transparency=1)
    clear = bytes(range(0, 256, 2))
    yield "palette with alpha", saved(photo.quantize(128), "png", transparency=clear)
    yield "clear grey", saved(photo.convert("L"), "png", transparency=120)
    yield "clear colour", saved(drawing.convert("RGB"), "png", transparency=(30, 90, 210))
    yield "P3", saved(drawing, "png", icc_profile=profiles.display_p3())
    yield "gradient", saved(pictures.gradient(), "png")
    fine = numpy.linspace(9000, 21000, 400 * 80).reshape(400, 80).T
    yield "16 bit grey", deep(fine[..., None], 0)
    opaque = numpy.full_like(fine, 65535)
    yield "16 bit RGB", deep(numpy.stack([fine, fine[:, ::-1], fine[::-1]], axis=-1), 2)
    yield (
        "16 bit RGBA",
        deep(numpy.stack([fine, fine, opaque - fine, opaque - 2 * fine], axis=-1), 6),
    )


def deep(levels, kind):
    """A PNG of 16 bits a channel: this type of colour, or of grey."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width = levels.shape[:2]
    rows = numpy.round(levels).astype(">u2").reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*parts) for parts in chunks)


def others(photo, drawing):
    """GIF, WebP and AVIF."""
    yield "GIF", saved(photo.quantize(256), "gif", interlace=False)
    yield "GIF interlaced", saved(photo.quantize(200), "gif", interlace=True)
    yield "GIF of two colours", saved(photo.quantize(2), "gif")
    yield "GIF with transparency", saved(drawing, "gif")
    yield "WebP lossy", saved(photo, "webp", quality=QUALITY)
    yield "WebP lossless", saved(photo, "webp", lossless=True)
    yield "WebP lossy and alpha", saved(drawing, "webp", quality=QUALITY)
    yield "WebP lossy and lossy alpha", saved(drawing, "webp", quality=60, alpha_quality=40)
    yield "WebP lossless and alpha", saved(drawing, "webp", lossless=True)
    yield "WebP, P3", saved(photo, "webp", quality=QUALITY, icc_profile=profiles.display_p3())
    for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:0:0"):
        options = {"quality": QUALITY, "subsampling": sampling, "speed": 9}
        yield f"AVIF {sampling}", saved(photo, "avif", **options)
    for values in ("full", "limited"):
        yield f"AVIF of {values} range", saved(photo, "avif", range=values, speed=9)
    yield "AVIF and alpha", saved(drawing, "avif", quality=QUALITY, speed=9)
    yield "AVIF, P3", saved(photo, "avif", speed=9, icc_profile=profiles.display_p3())


def turned(drawing):
    """All orientations, in the containers that have one."""
    small = drawing.resize((90, 66))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        yield f"JPEG {orientation}", saved(small.convert("RGB"), "jpeg", exif=exif, quality=95)
        yield f"PNG {orientation}", saved(small, "png", exif=exif)
        yield f"WebP {orientation}", saved(small, "webp", exif=exif, lossless=True)
        yield f"AVIF {orientation}", saved(small, "avif", exif=exif, speed=9)


def main():
    darkroom, corpus = arguments()
    failures = Failures()
    photo, drawing = pictures.photo(corpus), pictures.drawing()
    cases = [*jpegs(photo), *pngs(photo, drawing), *others(photo, drawing)]
    cases = [(name, file, TRANSFORMS) for name, file in cases]
    cases += [(name, file, ["", "w=31"]) for name, file in turned(drawing)]

    def check(name, file, transforms):
        source = upright(Image.open(io.BytesIO(file)))
        image = darkroom.upload(file)
        for transform in transforms:
            answer = darkroom.derived(image, f"{transform}&format=png")
            derived, wanted = Image.open(io.BytesIO(answer)), transformed(source, transform)
            if derived.size != wanted.size:
                failures.check(False, f"{name} {transform}: {derived.size}, not {wanted.size}")
                continue
            noise, likeness = psnr(derived, wanted), ssim(derived, wanted)
            decibels, similarity = LESS.get(name, FLOOR)
            failures.check(
                noise >= decibels and likeness >= similarity,
                f"{name} {transform}: {noise:.1f} dB, SSIM {likeness:.4f}",
            )

    each(check, cases)
    failures.report()


if __name__ == "__main__":
    main()
