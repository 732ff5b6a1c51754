"""Prints what viewers show of images: one JSON object per line.

    python pixels.py FILE...

`frames` are hashes of the pixels of each frame, `profile` is a hash of the colour profile, and
`orientation` is the orientation in Exif.
"""

import hashlib
import json
import sys

from PIL import Image, ImageSequence


def digest(data):
    return hashlib.sha256(data).hexdigest()


for path in sys.argv[1:]:
    with Image.open(path) as image:
        frames = [digest(frame.convert("RGBA").tobytes()) for frame in ImageSequence.Iterator(image)]
        image.seek(0)
        profile = image.info.get("icc_profile")
        seen = {
            "frames": frames,
            "profile": profile and digest(profile),
            "orientation": image.getexif().get(0x0112),
        }
    print(json.dumps(seen))
