"""Every operation in every format, beside Pillow's: `operations.py ADDRESS TOKEN CORPUS`."""

import io

from PIL import Image

import pictures
from darkroom import Failures, arguments, each
from metrics import psnr, ssim
from pictures import saved
from reference import COMPASS, in_format, transformed, upright

OPERATIONS = [
    # One side, both, a density; a box larger than the picture.
    "w=97",
    "h=80",
    "w=120&h=60",
    "w=50&h=50&dpr=1.5",
    "w=1000",
    "w=100&h=500&fit=contain",
    "w=600&fit=contain",
    "w=90&h=70&fit=squeeze",
    "w=50&h=400&fit=squeeze",
    # What is cut off.
    *(f"w=100&h=100&fit=cover&gravity={name}" for name in COMPASS),
    "w=60&h=110&fit=cover&gravity=0.8,0.3",
    "w=110&h=30&fit=cover&gravity=0.3,0.9",
    "w=300&h=400&fit=cover",
    "w=90&h=60&fit=crop&gravity=west",
    "w=900&h=300&fit=crop&gravity=south",
    # Padding.
    "w=120&h=120&fit=pad",
    "w=120&h=120&fit=pad&background=ff8000&gravity=south",
    "w=90&h=40&fit=pad&background=00800080&gravity=west",
    "w=600&h=500&fit=pad&background=204060&gravity=northeast",
    # A part.
    "crop=31,17,120,90&w=80",
    "crop=25%25,10%25,50%25,33%25&w=90",
    "crop=40,30,100,100&w=100&h=40&fit=cover&gravity=north",
    # Turned.
    "rotate=90&w=80",
    "rotate=180&w=80",
    "rotate=270&w=100&h=60&fit=cover&gravity=north",
    "flip=h&w=80",
    "flip=v&w=80",
    "flip=hv&rotate=90&w=80",
    "flip=h&rotate=270&crop=10,20,150,60&w=60",
    # Blurred and sharpened.
    "w=100&blur=0.3",
    "w=100&blur=1.7",
    "w=100&blur=6",
    "w=100&blur=25",
    "w=100&sharpen=1",
    "w=100&sharpen=6",
    "w=100&blur=2&sharpen=3",
    # What is behind it.
    "w=100&background=123456",
    "w=100&background=ff000080",
    # The content, not the box.
    "w=100&q=30",
    "w=100&q=95",
]

FORMATS = ("jpeg", "png", "webp", "avif", "gif")

# What Pillow's own encoder reaches with the same quality is reached too, but for this much
# (decibels, similarity).
SLACK = {"jpeg": (0.6, 0.01), "webp": (3.3, 0.02), "avif": (2.5, 0.025)}

# How alike the others must be: they lose nothing but what a palette loses.
FLOORS = {"png": (44.0, 0.995), "gif": (30.0, 0.93)}

# What multiplies differences, or is approximated, and a palette that is asked for.
LESS = {
    "blur=25": (4.0, 0.005),
    "sharpen=1": (3.0, 0.0),
    "sharpen=6": (8.0, 0.005),
    "q=30": (14.0, 0.04),
    "q=95": (10.0, 0.02),
}


def floors(wanted, transform, form):
    """How alike a result must be to what is wanted: decibels, similarity."""
    if form in FLOORS:
        decibels, similarity = FLOORS[form]
        for part in transform.split("&"):
            less = LESS.get(part, (0.0, 0.0))
            decibels, similarity = decibels - less[0], similarity - less[1]
        return decibels, similarity
    asked = dict(pair.split("=") for pair in transform.split("&"))
    quality = int(asked.get("q", 50 if form == "avif" else 80))
    picture = wanted.convert("RGB") if form == "jpeg" else wanted
    haste = {"speed": 9} if form == "avif" else {}
    peer = Image.open(io.BytesIO(saved(picture, form, quality=quality, **haste)))
    decibels, similarity = SLACK[form]
    return min(psnr(peer, wanted), 42.0) - decibels, ssim(peer, wanted) - similarity


def main():
    darkroom, corpus = arguments()
    failures = Failures()
    sources = {"photo": pictures.photo(corpus), "drawing": pictures.drawing()}
    uploaded = {}
    for name, picture in sources.items():
        uploaded[name] = (darkroom.upload(saved(picture, "png")), upright(picture))

    def check(name, transform, form):
        case = f"{name} {transform} to {form}"
        image, source = uploaded[name]
        derived = Image.open(io.BytesIO(darkroom.derived(image, f"{transform}&format={form}")))
        wanted = in_format(transformed(source, transform), form)
        if derived.format != form.upper() or derived.size != wanted.size:
            failures.check(False, f"{case}: {derived.format} {derived.size}, not {wanted.size}")
            return
        noise, likeness = psnr(derived, wanted), ssim(derived, wanted)
        decibels, similarity = floors(wanted, transform, form)
        failures.check(
            noise >= decibels and likeness >= similarity,
            f"{case}: {noise:.1f} of {decibels:.1f} dB, SSIM {likeness:.4f} of {similarity:.4f}",
        )

    cases = [
        (name, transform, form) for name in sources for transform in OPERATIONS for form in FORMATS
    ]
    each(check, cases)
    failures.report()


if __name__ == "__main__":
    main()
