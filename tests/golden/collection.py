"""The images with which Pillow, libspng and pillow-heif test themselves: all that Darkroom
accepts and Pillow decodes are derived, and look as Pillow shows them:
`collection.py ADDRESS TOKEN CORPUS`."""

import io
import warnings

from PIL import Image

from darkroom import Failures, arguments, each
from metrics import psnr
from reference import transformed, upright

FOLDERS = (
    "pillow-13.0.0/Tests/images",
    "spng-sys-0.1.0/libspng/tests/images",
    "pillow_heif-1.8.1/tests/images",
)
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")

# Smaller than most of them, so that they are scaled.
TRANSFORM = "w=48"
FLOOR = 29.5

# The files that are not derived, or look different, with the reason.
PILLOWS, NGS = FOLDERS[0] + "/", FOLDERS[1] + "/"
EXCEPTIONS = {
    PILLOWS + "1_trns.png": "its transparent level has more bits than its pixels",
    PILLOWS + "apng/chunk_multi_actl.png": "the animation is damaged, and Pillow shows a still",
    PILLOWS + "app13.jpg": "Pillow repeats colours of half the resolution in narrow pictures",
    PILLOWS + "avif/xmp_tags_orientation.avif": "only its XMP says that it is turned",
    PILLOWS + "exif_imagemagick_orientation.png": "only a text of ImageMagick says so",
    PILLOWS + "hopper_bad_exif.jpg": "its pixels are damaged",
    PILLOWS + "xmp_tags_orientation.png": "only its XMP says that it is turned",
    PILLOWS + "xmp_tags_orientation_exiftool.png": "the same",
    NGS + "tbbn0g04.png": "Pillow takes a level of 4 bits for one of 8",
}


def pictures(corpus):
    """The names and contents of the files that Pillow decodes, and their first pictures."""
    for path in sorted(path for folder in FOLDERS for path in (corpus / folder).rglob("*")):
        if not path.is_file():
            continue
        file = path.read_bytes()
        try:
            image = Image.open(io.BytesIO(file), formats=KINDS)
            if image.info.get("default_image"):
                # It is no frame of the animation.
                image.seek(1)
            image.load()
            yield str(path.relative_to(corpus)), file, upright(image)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            continue


def main():
    warnings.simplefilter("ignore")
    darkroom, corpus = arguments()
    failures = Failures()
    seen = set()

    def check(name, file, source):
        answer = darkroom.send(file)
        if answer.status_code != 201:
            return
        seen.add(name)
        answer = darkroom.answer(answer.json(), f"{TRANSFORM}&anim=0&format=png")
        found = problem(source, answer)
        if name in EXCEPTIONS:
            failures.check(found, f"{name} is an exception, but derived as others are")
        else:
            failures.check(not found, f"{name}: {found}")

    each(check, pictures(corpus))
    for name in EXCEPTIONS:
        failures.check(name in seen, f"{name} is an exception, but not in the collection")
    failures.check(len(seen) > 700, f"{len(seen)} files")
    failures.report()


def problem(source, answer):
    """What is wrong with this answer, or nothing."""
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.json().get('detail')}"
    derived, wanted = Image.open(io.BytesIO(answer.content)), transformed(source, TRANSFORM)
    if derived.size != wanted.size:
        return f"{derived.size}, not {wanted.size}"
    noise = psnr(derived, wanted)
    return None if noise >= FLOOR else f"{noise:.1f} dB"


if __name__ == "__main__":
    main()
