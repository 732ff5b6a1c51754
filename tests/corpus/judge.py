"""Prints how Pillow judges every file below a folder: one JSON object per line.

    python judge.py FOLDER

`kind` is a type that Darkroom accepts, or null for any other file; `good` is whether every frame
decodes; `why` is the error if one does not.
"""

import json
import pathlib
import sys
import warnings

from PIL import Image, ImageSequence

KINDS = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "AVIF": "avif"}
# Decoding stops after this many frames, which is enough to notice damage.
FRAMES = 200


def judge(path):
    found = {"kind": None, "good": False, "why": None}
    try:
        with Image.open(path) as image:
            found["kind"] = KINDS.get(image.format)
            if found["kind"] is None:
                return found
            for number, frame in enumerate(ImageSequence.Iterator(image)):
                frame.load()
                if number == FRAMES:
                    break
            found["good"] = True
    except Exception as error:
        found["why"] = f"{type(error).__name__}: {error}"
    return found


def main():
    warnings.simplefilter("ignore")
    folder = pathlib.Path(sys.argv[1])
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            print(json.dumps({"path": name, **judge(path)}))


main()
