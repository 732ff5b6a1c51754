"""A contact sheet of every operation in every format: `gallery.py ADDRESS TOKEN CORPUS FOLDER`.

Writes an HTML page with the files as they were derived, and a picture of each sheet, decoded by
Pillow, with Pillow's own result in the first column."""

import html
import io
import pathlib
import sys

from PIL import Image, ImageDraw

import pictures
from darkroom import Darkroom, each
from operations import FORMATS, OPERATIONS
from reference import transformed, upright

# The largest part of a picture that is shown, and the height of its caption.
CELL, CAPTION = 200, 14
MARGIN = 330


def sources(corpus):
    """The pictures that are derived from."""
    tests = corpus / "pillow-13.0.0/Tests/images"
    yield "photo", pictures.photo(corpus)
    yield "drawing", pictures.drawing()
    yield "portrait", Image.open(tests / "hopper.png").convert("RGB")
    yield "gradient", pictures.gradient()


def chequered(size):
    """What is seen through transparency."""
    tile = Image.new("RGB", (16, 16), "white")
    draw = ImageDraw.Draw(tile)
    draw.rectangle((0, 0, 7, 7), fill="#ccc")
    draw.rectangle((8, 8, 15, 15), fill="#ccc")
    canvas = Image.new("RGB", size)
    for left in range(0, size[0], 16):
        for top in range(0, size[1], 16):
            canvas.paste(tile, (left, top))
    return canvas


def sheet(rows):
    """One picture of all: each row has a title, and a picture with a caption for each column."""
    heights = [CAPTION + min(CELL, max(cell.height for cell, _ in cells)) for _, cells in rows]
    canvas = Image.new("RGB", (MARGIN + CELL * (1 + len(FORMATS)), sum(heights)), "#eee")
    draw = ImageDraw.Draw(canvas)
    top = 0
    for (title, cells), height in zip(rows, heights):
        draw.text((4, top), title, fill="black")
        for column, (picture, caption) in enumerate(cells):
            left = MARGIN + column * CELL
            box = (0, 0, *(min(side, CELL - 4) for side in picture.size))
            shown = picture.convert("RGBA").crop(box)
            below = chequered(shown.size)
            below.paste(shown, (0, 0), shown)
            canvas.paste(below, (left, top + CAPTION))
            draw.text((left, top), caption, fill="black")
        top += height
    return canvas


def main():
    address, token, corpus, folder = sys.argv[1:]
    darkroom, folder = Darkroom(address, token), pathlib.Path(folder)
    body = []
    for name, picture in sources(pathlib.Path(corpus)):
        image, source = darkroom.upload(pictures.saved(picture, "png")), upright(picture)

        def derive(number, transform, name=name, image=image, source=source):
            cells = [(transformed(source, transform), "Pillow")]
            tags = ""
            for form in FORMATS:
                answer = darkroom.derived(image, f"{transform}&format={form}")
                path = f"{name}-{number}.{form}"
                (folder / path).write_bytes(answer)
                cells.append((Image.open(io.BytesIO(answer)), f"{form} {len(answer)}"))
                tags += f'<td><img src="{path}" alt=""><br>{form}, {len(answer)} bytes'
            return transform, cells, f"<tr><th>{html.escape(transform)}{tags}\n"

        rows = each(derive, enumerate(OPERATIONS))
        sheet([row[:2] for row in rows]).save(folder / f"{name}.png")
        table = "".join(row[2] for row in rows)
        body.append(f"<h2>{name}</h2>\n<table>\n{table}</table>\n")
    style = "img { background: repeating-conic-gradient(#ccc 0 25%, #fff 0 50%) 0 / 16px 16px }"
    page = f"<!doctype html>\n<title>Derived images</title>\n<style>{style}</style>\n"
    (folder / "index.html").write_text(page + "".join(body))


if __name__ == "__main__":
    main()
