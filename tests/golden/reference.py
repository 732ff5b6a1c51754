"""What a transform means, carried out by Pillow and in floating point.

Written after the tables of docs/derived.md, not after the code of Darkroom."""

import io
import math
from fractions import Fraction

import numpy
from PIL import Image, ImageCms, ImageOps

import profiles

COMPASS = {
    "center": (0.5, 0.5),
    "north": (0.5, 0),
    "northeast": (1, 0),
    "east": (1, 0.5),
    "southeast": (1, 1),
    "south": (0.5, 1),
    "southwest": (0, 1),
    "west": (0, 0.5),
    "northwest": (0, 0),
}


def upright(image):
    """The picture as people see it: its orientation applied, in sRGB, with alpha."""
    return to_srgb(ImageOps.exif_transpose(image))


def to_srgb(image):
    """The picture in sRGB, with alpha."""
    profile = image.info.get("icc_profile") or profiles.of_png(image.info)
    image = _in_channels(image)
    if not profile:
        return image.convert("RGBA")
    alpha = image.getchannel("A") if "A" in image.mode else None
    colours = image.convert(image.mode.rstrip("A")) if alpha else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() == "RGB":
            colours = colours.convert("RGB")
        srgb = ImageCms.createProfile("sRGB")
        colours = ImageCms.profileToProfile(
            colours, source, srgb, outputMode="RGB", renderingIntent=0
        )
    except (ImageCms.PyCMSError, OSError):
        # A profile that is damaged or of another colour space counts as none.
        return image.convert("RGBA")
    colours = colours.convert("RGBA")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _in_channels(image):
    """The picture in 8 bits a channel, without a palette."""
    if image.mode in ("I;16", "I"):
        # Pillow would clip to 255 instead of scaling.
        levels = numpy.asarray(image, dtype=numpy.float64)
        scaled = Image.fromarray(numpy.uint8(numpy.round(levels / 257)))
        key = image.info.get("transparency")
        if key is not None:
            scaled = scaled.convert("LA")
            scaled.putalpha(Image.fromarray(numpy.uint8(levels != key) * 255))
        return scaled
    is_plain = image.mode in ("RGB", "RGBA", "CMYK", "L", "LA")
    return image if is_plain and "transparency" not in image.info else image.convert("RGBA")


def transformed(image, transform, sampling=Image.Resampling.LANCZOS):
    """An upright picture after the transform: a query as in a URL."""
    asked = dict(pair.split("=") for pair in transform.split("&") if pair)
    image = image.convert("RGBA")
    if "crop" in asked:
        image = image.crop(_crop(asked["crop"], image.size))
    if "h" in asked.get("flip", ""):
        image = ImageOps.mirror(image)
    if "v" in asked.get("flip", ""):
        image = ImageOps.flip(image)
    if "rotate" in asked:
        image = image.rotate(-int(asked["rotate"]), expand=True)
    canvas, scaled, window = fitted(image.size, asked)
    image = _resized(image, scaled, window, sampling)
    if "blur" in asked:
        image = _through(image, lambda values: blurred(values, float(asked["blur"])))
    if "sharpen" in asked:
        image = _through(image, lambda values: _sharpened(values, float(asked["sharpen"])))
    if "background" in asked:
        image = Image.alpha_composite(Image.new("RGBA", image.size, _colour(asked)), image)
    if canvas != image.size:
        border = Image.new("RGBA", canvas, _colour(asked))
        across, down = gravity(asked)
        left = math.floor(across * (canvas[0] - image.width) + 0.5)
        top = math.floor(down * (canvas[1] - image.height) + 0.5)
        border.paste(image, (left, top))
        image = border
    return image


def in_format(image, form):
    """The picture as the format can show it: on white, or with pixels that are transparent or
    not."""
    if form == "jpeg":
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if form == "gif":
        image = image.copy()
        image.putalpha(image.getchannel("A").point(lambda level: 255 * (level >= 128)))
    return image


def gravity(asked):
    named = asked.get("gravity", "center")
    if named in COMPASS:
        return COMPASS[named]
    return tuple(float(fraction) for fraction in named.split(","))


def rounded(exact):
    return max(1, math.floor(exact + Fraction(1, 2)))


def fitted(size, asked):
    """The size of the result, that of the picture in it, and the window of the picture that
    is scaled to it."""
    width, height = size
    whole = (0, 0, width, height)
    if "w" not in asked and "h" not in asked:
        return size, size, whole
    dpr = Fraction(asked.get("dpr", "1"))
    box = [rounded(int(asked[side]) * dpr) if side in asked else None for side in "wh"]
    ratio = Fraction(width, height)
    if box[0] is None:
        fits = (rounded(box[1] * ratio), box[1])
    elif box[1] is None:
        fits = (box[0], rounded(box[0] / ratio))
    elif Fraction(*box) > ratio:
        fits = (rounded(box[1] * ratio), box[1])
    else:
        fits = (box[0], rounded(box[0] / ratio))
    bounds = tuple(box[at] or fits[at] for at in (0, 1))
    is_smaller = all(side is None or own <= side for own, side in zip(size, box))
    fit = asked.get("fit", "scale-down")
    if fit == "scale-down":
        scaled = size if is_smaller else fits
        return scaled, scaled, whole
    if fit == "contain":
        return fits, fits, whole
    if fit == "squeeze":
        return bounds, bounds, whole
    if fit == "pad":
        return bounds, size if is_smaller else fits, whole
    wanted = Fraction(*bounds)
    cut = (width, width / wanted) if wanted > ratio else (height * wanted, height)
    result = bounds
    if fit == "crop" and (width < bounds[0] or height < bounds[1]):
        # Cut to the ratio and not enlarged: whole pixels.
        result = cut = (min(width, rounded(cut[0])), min(height, rounded(cut[1])))
    corner = []
    for middle, side, length in zip(gravity(asked), size, cut):
        start = min(max(middle * side - float(length) / 2, 0), side - float(length))
        corner.append(math.floor(start + 0.5) if cut == result else start)
    right, bottom = (start + float(length) for start, length in zip(corner, cut))
    return result, result, (*corner, min(right, width), min(bottom, height))


def blurred(values, sigma):
    """A Gaussian with its edges continued, of rows and columns of numbers."""
    radius = math.ceil(sigma * 4)
    kernel = numpy.exp(-(numpy.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        ends = [(radius, radius) if at == axis else (0, 0) for at in range(3)]
        wide = numpy.pad(values, ends, mode="edge")
        length = values.shape[axis]
        values = sum(
            weight * numpy.take(wide, range(shift, shift + length), axis)
            for shift, weight in enumerate(kernel)
        )
    return values


def _sharpened(values, amount):
    sharp = values + (values - blurred(values, 1.0)) * amount / 2
    # Transparency is no colour.
    sharp[..., 3] = values[..., 3]
    return numpy.minimum(sharp, values[..., 3:])


def _crop(text, size):
    numbers = text.replace("%25", "%").split(",")
    exact = [
        Fraction(number[:-1]) * side / 100 if "%" in number else Fraction(number)
        for number, side in zip(numbers, [*size, *size])
    ]
    left, top = (
        min(math.floor(start + Fraction(1, 2)), side - 1) for start, side in zip(exact, size)
    )
    right, bottom = left + rounded(exact[2]), top + rounded(exact[3])
    return left, top, min(right, size[0]), min(bottom, size[1])


def _colour(asked):
    """Without one, what surrounds a picture is transparent."""
    return "#" + asked.get("background", "ffffff00")


def _resized(image, size, window, sampling):
    if size == image.size and tuple(window) == (0, 0, *image.size):
        return image
    # Pillow multiplies colours by their alpha before it mixes them.
    return image.resize(size, sampling, box=window)


def _through(image, change):
    """Changes colours that are multiplied by their alpha."""
    pixels = numpy.asarray(image, dtype=numpy.float64)
    alpha = pixels[..., 3:]
    changed = change(numpy.concatenate([pixels[..., :3] * alpha / 255, alpha], axis=2))
    alpha = changed[..., 3:]
    colours = numpy.divide(changed[..., :3] * 255, alpha, where=alpha > 0, out=changed[..., :3])
    pixels = numpy.concatenate([colours, alpha], axis=2)
    return Image.fromarray(numpy.uint8(numpy.clip(numpy.round(pixels), 0, 255)))
