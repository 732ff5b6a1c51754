"""Colour profiles (ICC.1:2001-04), made by hand: Pillow can make those of sRGB only."""

import struct

import numpy

# From linear light of sRGB to XYZ for the white of profiles, D50.
SRGB_TO_XYZ = numpy.array(
    [
        [0.43607, 0.38515, 0.14307],
        [0.22249, 0.71687, 0.06061],
        [0.01392, 0.09708, 0.71410],
    ]
)
WHITE = numpy.array([0.9642, 1.0, 0.8249])


def display_p3():
    """Display P3: its primaries, and the curve of sRGB."""
    primaries = (
        (0.51512, 0.24120, -0.00105),
        (0.29198, 0.69225, 0.04189),
        (0.15710, 0.06657, 0.78407),
    )
    levels = numpy.linspace(0, 1, 1024)
    return _of_display(primaries, _to_linear(levels))


def prophoto():
    """ProPhoto RGB: primaries beyond what is visible, and a gamma of 1.8."""
    primaries = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))
    return _of_display(primaries, numpy.linspace(0, 1, 1024) ** 1.8)


def of_png(info):
    """What gAMA and cHRM of a PNG describe; none where there are none, or where sRGB is stated."""
    gamma, points = info.get("gamma"), info.get("chromaticity")
    if "srgb" in info or not (gamma or points):
        return None
    white, *colours = numpy.reshape(points or SRGB_POINTS, (4, 2))
    levels = numpy.linspace(0, 1, 1024)
    curve = levels ** (1 / gamma) if gamma else _to_linear(levels)
    return _of_display(_primaries(white, colours), curve)


# The chromaticities of white, red, green and blue.
SRGB_POINTS = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

# From XYZ to what the cones of eyes see (Bradford).
CONES = numpy.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def _primaries(white, colours):
    """The colours of a display in XYZ, for the white of profiles."""
    xyz = numpy.array([[x / y, 1, (1 - x - y) / y] for x, y in colours]).T
    white = numpy.array([white[0] / white[1], 1, (1 - white.sum()) / white[1]])
    display = xyz * numpy.linalg.solve(xyz, white)
    adapted = CONES @ WHITE / (CONES @ white)
    return (numpy.linalg.inv(CONES) @ numpy.diag(adapted) @ CONES @ display).T


def inks():
    """Four inks, none of which is the complement of a colour of a display."""
    paper = numpy.array([0.96, 0.95, 0.93])
    tints = numpy.array([[0, 110, 170], [200, 10, 100], [250, 225, 20], [40, 36, 38]]) / 255
    light = _to_linear(tints)
    grid = 3
    amounts = numpy.stack(
        numpy.meshgrid(*[numpy.linspace(0, 1, grid)] * 4, indexing="ij"), axis=-1
    ).reshape(-1, 4, 1)
    colours = paper * numpy.prod(1 - amounts * (1 - light[None]), axis=1)
    lab = _to_lab(colours @ SRGB_TO_XYZ.T)
    coded = numpy.round((lab + [0, 128, 128]) * [2.55, 1, 1]).clip(0, 255)
    table = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 * int(at % 4 == 0) for at in range(9)))
    lut = b"mft1" + bytes([0] * 4 + [4, 3, grid, 0]) + matrix
    lut += table * 4 + numpy.uint8(coded).tobytes() + table * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", [(b"A2B0", lut)])


def _of_display(primaries, curve):
    steps = numpy.round(curve * 65535).astype(">u2").tobytes()
    curve = b"curv" + struct.pack(">II", 0, len(steps) // 2) + steps
    tags = [(name, _xyz(xyz)) for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def _profile(kind, colours, connection, tags):
    text = b"text" + bytes(4) + b"none\0"
    description = b"desc" + struct.pack(">II", 0, 5) + b"test\0" + bytes(78)
    tags = [*tags, (b"wtpt", _xyz(WHITE)), (b"cprt", text), (b"desc", description)]
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for name, tag in tags:
        table += name + struct.pack(">II", start + len(data), len(tag))
        data += tag + bytes(-len(tag) % 4)
    head = struct.pack(">I4sI", start + len(data), bytes(4), 0x02400000)
    head += kind + colours + connection
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", *(round(value * 65536) for value in WHITE))
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + data


def _xyz(values):
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _to_linear(values):
    return numpy.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _to_lab(xyz):
    ratio = xyz / WHITE
    root = numpy.where(ratio > 0.008856, numpy.cbrt(ratio), 7.787 * ratio + 16 / 116)
    x, y, z = root.T
    return numpy.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
