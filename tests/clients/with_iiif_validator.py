"""Lets the validator of IIIF judge the Image API: python with_iiif_validator.py URL TOKEN"""

import io
import sys
import types

import requests
from PIL import Image

# Two tests that do not apply tell formats by it, and it needs a library of the system.
sys.modules.setdefault("magic", types.ModuleType("magic"))

from iiif_validator import tests, validator
from iiif_validator.validator import ImageAPI, TestSuite, ValidationInfo

base, token = sys.argv[1:3]

# Of levels above 2, what Darkroom offers too.
EXTRA = {"format_gif", "linkheader_canonical", "linkheader_profile", "rot_mirror", "rot_mirror_180"}
# And what does not apply.
OTHERS = {
    "format_jp2": "no such format",
    "format_pdf": "no such format",
    "format_tif": "no such format",
    "format_webp": "this test calls a function that Python 3 does not have; see below",
    "rot_full_non90": "no such rotations",
    "rot_region_non90": "no such rotations",
    "size_up": "it expects that ^max does not enlarge, and that larger sizes do; see below",
}

session = requests.Session()
session.trust_env = False


def expect(condition, what):
    assert condition, what


def test_image():
    """The image that the validator knows: 10 x 10 squares of 100 x 100 pixels."""
    image = Image.new("RGB", (1000, 1000))
    for x, column in enumerate(ValidationInfo().colorInfo):
        for y, color in enumerate(column):
            image.paste(color, (x * 100, y * 100, x * 100 + 100, y * 100 + 100))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def upload():
    files = {"file": ("squares.png", test_image(), "image/png")}
    headers = {"Authorization": f"Bearer {token}"}
    form = {"visibility": "public"}
    answer = session.post(f"{base}/v1/images", files=files, data=form, headers=headers)
    expect(answer.status_code == 201, answer.text)
    return answer.json()["id"]


# The specification (4.2) has `!w,h` "as large as possible but not larger than the extracted
# region": a size, where this check of the validator expects an error.
checked = tests.size_noup.Test_No_Size_Up.checkSize
tests.size_noup.Test_No_Size_Up.checkSize = lambda self, result, size: (
    None if size.startswith("!") else checked(self, result, size)
)

without_token = validator.Request


def with_token(url, headers):
    return without_token(url, headers=headers | {"Authorization": f"Bearer {token}"})


identifier = upload()
suite = TestSuite(ValidationInfo())
known = suite.list_tests("3.0")
level_2 = {name for name, test in known.items() if test["level"] <= 2}
expect(level_2 | EXTRA | set(OTHERS) == set(known), sorted(known))
expect(len(level_2) > 25 and not level_2 & set(OTHERS), sorted(level_2))
failed = []
for name in sorted(level_2 | EXTRA):
    # Without a token, the answer is 401, so that nobody learns which images exist.
    validator.Request = with_token if name == "id_error_random" else without_token
    server = base.removeprefix("http://")
    result = ImageAPI(identifier, server, "iiif/3", "http", "", "3.0", debug=False)
    try:
        suite.run_test(name, result)
        error = result.exception
    except Exception as exception:
        error = repr(exception)
    if error is not None:
        failed.append(f"{name}: {error} {result.urls}")
    print(name, "FAIL" if error else "PASS")
expect(not failed, "\n".join(failed))


def size(path):
    answer = session.get(f"{base}/iiif/3/{identifier}/{path}")
    expect(answer.status_code == 200, f"{path}: {answer.text}")
    image = Image.open(io.BytesIO(answer.content))
    return image.size, image.format


# What the validator does not test, or not in this way.
for path, expected in [
    ("full/!2000,3000/0/default.jpg", ((1000, 1000), "JPEG")),
    ("full/^!1200,3000/0/default.jpg", ((1200, 1200), "JPEG")),
    ("full/^1500,/0/default.jpg", ((1500, 1500), "JPEG")),
    ("full/^pct:200/0/gray.jpg", ((2000, 2000), "JPEG")),
    ("square/300,200/90/default.webp", ((200, 300), "WEBP")),
    ("full/100,/0/bitonal.png", ((100, 100), "PNG")),
]:
    expect(size(path) == expected, f"{path}: {size(path)}")
