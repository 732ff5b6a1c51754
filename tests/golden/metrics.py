"""How alike two pictures are."""

import numpy

WINDOW = 7


def planes(image):
    """A picture as numbers: what it looks like on black and on white, one beside the other."""
    pixels = numpy.asarray(image.convert("RGBA"), dtype=numpy.float64)
    colours, alpha = pixels[..., :3], pixels[..., 3:] / 255
    return numpy.concatenate([colours * alpha, colours * alpha + 255 * (1 - alpha)], axis=2)


def psnr(one, other):
    """The peak signal-to-noise ratio in decibels, at most 99."""
    error = numpy.mean((planes(one) - planes(other)) ** 2)
    return 99.0 if error == 0 else min(99.0, 10 * numpy.log10(255**2 / error))


def ssim(one, other):
    """The mean structural similarity of brightness (Wang et al. 2004), in squares of 7 pixels."""
    one, other = (planes(image) @ _LUMA for image in (one, other))
    if min(one.shape) < WINDOW:
        return 1.0 if numpy.abs(one - other).max() < 8 else 0.0
    mean_one, mean_other = _means(one), _means(other)
    variance_one = _means(one * one) - mean_one**2
    variance_other = _means(other * other) - mean_other**2
    covariance = _means(one * other) - mean_one * mean_other
    steady, textured = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * mean_one * mean_other + steady) * (2 * covariance + textured)
    similarity /= (mean_one**2 + mean_other**2 + steady) * (
        variance_one + variance_other + textured
    )
    return float(similarity.mean())


# Brightness on black and on white, each by half.
_LUMA = numpy.array([0.299, 0.587, 0.114] * 2) / 2


def _means(values):
    sums = numpy.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    far, near = slice(WINDOW, None), slice(None, -WINDOW)
    total = sums[far, far] - sums[near, far] - sums[far, near] + sums[near, near]
    return total / WINDOW**2
