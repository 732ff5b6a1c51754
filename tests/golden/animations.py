"""Animations of every format in every format, frame by frame beside Pillow's:
`animations.py ADDRESS TOKEN CORPUS`."""

import io
import time
import warnings

from PIL import Image, ImageDraw, ImageSequence

import apng
import pictures
from darkroom import Failures, arguments, each
from metrics import psnr, ssim
from reference import in_format, transformed

SUFFIXES = (".gif", ".webp", ".png", ".avifs")
FORMS = ("gif", "webp", "png")
DELAYS = (40, 100, 230, 70, 500, 90)

# Frames of a long animation, and the seconds that it may take on a busy machine.
LONG, PATIENCE = 250, 20
# The most pixels of all frames that are derived from, and the side of frames with more of them.
MOST, SIDE = 100_000_000, 2_000


# How alike frames must be: decibels, similarity. WebP has colours of half the resolution, and GIF
# few of them and hard edges.
FLOORS = {"png": (37.0, 0.985), "webp": (20.0, 0.93), "gif": (24.0, 0.9)}

# A file of so few bytes that its headers count may grow to them.
TINY = {"gif": 100, "png": 400, "webp": 1_600}

# Files of Pillow that Darkroom reads differently, with the reason.
EXCEPTIONS = {
    "dispose_bgnd.gif": "Pillow clears to the background colour, browsers to nothing",
    "dispose_bgnd_rgba.gif": "the same",
    "duplicate_number_of_loops.gif": "of two numbers of rounds, Pillow takes the first",
}


def moving(photo, is_clear):
    """A disc that moves over a photograph, or over nothing."""
    frames = []
    for at in range(len(DELAYS)):
        frame = Image.new("RGBA", (160, 120)) if is_clear else photo.resize((160, 120))
        frame = frame.convert("RGBA")
        draw = ImageDraw.Draw(frame)
        left = 10 + at * 18
        draw.ellipse((left, 30, left + 48, 78), fill=(230, 40 + 30 * at, 60, 255))
        draw.rectangle((60, 90, 90 + 5 * at, 110), fill=(20, 40, 200, 255))
        frames.append(frame)
    return frames


def saved(frames, form, delays=DELAYS, **options):
    first, *others = frames
    frames = {"save_all": True, "append_images": others, "duration": list(delays)}
    return pictures.saved(first, form, **frames, **options)


def generated(corpus):
    """Every disposal, every number of rounds, with and without transparency."""
    photo = pictures.photo(corpus)
    still, clear = moving(photo, False), moving(photo, True)
    yield "gif", saved(still, "gif", loop=0)
    yield "gif, once", saved(still, "gif")
    yield "gif, four times", saved(still, "gif", loop=3)
    for disposal in (0, 1, 2, 3):
        yield f"gif, disposal {disposal}", saved(clear, "gif", loop=0, disposal=disposal)
        yield f"gif, opaque, disposal {disposal}", saved(still, "gif", loop=0, disposal=disposal)
    yield "webp", saved(still, "webp", loop=0, quality=90)
    yield "webp, three times", saved(clear, "webp", loop=3, lossless=True)
    large = [frame.resize((480, 360)) for frame in clear]
    yield "webp, large", saved(large, "webp", loop=0, lossless=True)
    yield "webp, lossy alpha", saved(clear, "webp", loop=1, quality=80)
    yield "webp, mixed", saved(clear, "webp", loop=0, allow_mixed=True)
    for disposal in (0, 1, 2):
        for blend in (0, 1):
            options = {"disposal": disposal, "blend": blend, "loop": disposal}
            yield f"png, disposal {disposal}, blend {blend}", saved(clear, "png", **options)
    yield "avif", saved(still, "avif", speed=10, quality=90)


def real(corpus):
    """Those with which Pillow tests itself, in the order of their names."""
    folder = corpus / "pillow-13.0.0/Tests/images"
    for path in sorted(folder.rglob("*")):
        if path.suffix not in SUFFIXES:
            continue
        name = str(path.relative_to(folder))
        try:
            with Image.open(path) as image:
                frames = getattr(image, "n_frames", 1)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            continue
        if frames > 1 and name not in EXCEPTIONS:
            yield name, path.read_bytes()


class Animation:
    """A file as it is shown."""

    def __init__(self, file):
        image = Image.open(io.BytesIO(file))
        self.size, self.kind, self.length = image.size, image.format.lower(), len(file)
        # How often it is played; 0 is for ever.
        count = image.info.get("loop")
        if self.kind == "gif":
            self.rounds = 1 if count is None else count + (count > 0)
        else:
            self.rounds = count or 0
        if self.kind == "png":
            frames = apng.frames(file)
        else:
            shown = ImageSequence.Iterator(image)
            frames = [(frame.convert("RGBA"), frame.info.get("duration", 0)) for frame in shown]
        self.frames = [frame for frame, _ in frames]
        # In milliseconds.
        self.delays = [delay for _, delay in frames]


def check_derived(failures, case, before, after, transform):
    """Whether an animation is what the transform makes of another one."""
    failures.check(
        len(before.frames) == len(after.frames),
        f"{case}: {len(after.frames)} frames of {len(before.frames)}",
    )
    failures.check(
        before.rounds == after.rounds, f"{case}: {after.rounds} rounds of {before.rounds}"
    )
    # GIF counts in hundredths of a second, but what one delay loses is made up for.
    unit = 10 if after.kind == "gif" else 1
    delays = list(zip(before.delays, after.delays))
    each_fits = all(abs(was - now) < unit for was, now in delays)
    all_fit = abs(sum(before.delays) - sum(after.delays)) < unit
    failures.check(each_fits and all_fit, f"{case}: delays {delays}")
    failures.check(
        before.kind != after.kind or after.length <= max(before.length, TINY[after.kind]),
        f"{case}: {after.length} bytes of {before.length}",
    )
    for at, (was, now) in enumerate(zip(before.frames, after.frames)):
        noise, likeness = best(was, now, transform, after.kind, before.kind == after.kind)
        decibels, similarity = FLOORS[after.kind]
        failures.check(
            noise >= decibels and likeness >= similarity,
            f"{case}, frame {at}: {noise:.1f} dB, SSIM {likeness:.4f}",
        )


def best(was, now, transform, form, may_be_plain):
    """How alike a frame is to Pillow's. An animation that would grow is scaled by a filter that
    makes fewer new colours."""
    filters = [Image.Resampling.LANCZOS]
    if may_be_plain:
        filters += [Image.Resampling.BOX, Image.Resampling.NEAREST]
    wanted = [in_format(transformed(was, transform, sampling), form) for sampling in filters]
    return max((psnr(now, picture), ssim(now, picture)) for picture in wanted)


def check_long(darkroom, corpus, failures):
    """Two hundred and fifty frames take seconds, and more pixels than the limit are refused."""
    photo = pictures.photo(corpus).resize((200, 150)).quantize(64)
    frames = []
    for at in range(LONG):
        frame = photo.copy()
        ImageDraw.Draw(frame).ellipse((at % 180, 40, at % 180 + 30, 70), fill=at % 64)
        frames.append(frame)
    image = darkroom.upload(saved(frames, "gif", [40] * LONG, loop=0))
    start = time.monotonic()
    answer = Image.open(io.BytesIO(darkroom.derived(image, "w=100")))
    took = time.monotonic() - start
    failures.check(answer.n_frames == LONG, f"{answer.n_frames} frames of {LONG}")
    failures.check(took < PATIENCE, f"{LONG} frames took {took:.1f} s")

    large = [Image.new("1", (SIDE, SIDE), at % 2) for at in range(MOST // SIDE**2 + 1)]
    image = darkroom.upload(saved(large, "gif", [20] * len(large), loop=0))
    refused = darkroom.answer(image, "w=9")
    failures.check(refused.status_code == 422, f"too many pixels: {refused.status_code}")
    still = darkroom.answer(image, "w=9&anim=0")
    failures.check(still.status_code == 200, f"the first frame: {still.status_code}")


def check_no_animation(darkroom, corpus, failures):
    """Several pictures in one file are no animation: transparency, depth, other views."""
    drawing = pictures.drawing()
    clear = pictures.saved(drawing, "avif", quality=70)
    deep = clear.replace(b"auxiliary:alpha", b"auxiliary:depth")
    assert deep != clear
    views = corpus / "pillow-13.0.0/Tests/images/sugarshack.mpo"
    cases = {
        "transparency in AVIF": (clear, True),
        "transparency in WebP": (pictures.saved(drawing, "webp", quality=70), True),
        "depth in AVIF": (deep, False),
        "two views in JPEG": (views.read_bytes(), False),
    }
    for name, (file, is_clear) in cases.items():
        image = darkroom.upload(file)
        failures.check(image["frames"] == 1, f"{name}: {image['frames']} frames")
        for form in FORMS:
            answer = darkroom.derived(image, f"w=100&format={form}")
            derived = Image.open(io.BytesIO(answer))
            failures.check(not derived.is_animated, f"{name} to {form}: an animation")
            least = derived.convert("RGBA").getchannel("A").getextrema()[0]
            failures.check((least < 255) == is_clear, f"{name} to {form}: alpha from {least}")


def main():
    warnings.simplefilter("ignore")
    darkroom, corpus = arguments()
    failures = Failures()

    def check(name, file):
        answer = darkroom.send(file)
        if answer.status_code != 201 and name.endswith(SUFFIXES):
            # It is broken, as the tests of uploads know.
            return
        source = Animation(file)
        if len(source.frames) == 1:
            return
        transform = f"w={max(source.size[0] // 2, 1)}"
        for form in FORMS:
            derived = darkroom.derived(answer.json(), f"{transform}&format={form}")
            case = f"{name} to {form}"
            check_derived(failures, case, source, Animation(derived), transform)

    each(check, [*generated(corpus), *real(corpus)])
    check_long(darkroom, corpus, failures)
    check_no_animation(darkroom, corpus, failures)
    failures.report()


if __name__ == "__main__":
    main()
