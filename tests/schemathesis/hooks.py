"""What schemathesis cannot derive from the description of the API."""

import base64
import hashlib
import os
import uuid
from pathlib import Path

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

FIXTURES = Path(__file__).parent.parent / "fixtures"


def images(*names):
    """Real images, because the bytes of a file decide its type."""
    return st.sampled_from([(FIXTURES / name).read_bytes() for name in names])


schemathesis.openapi.media_type("image/jpeg", images("grey.jpg", "progressive.jpg"))
schemathesis.openapi.media_type("image/png", images("alpha.png", "palette.png"))
schemathesis.openapi.media_type("image/gif", images("still.gif", "animated.gif"))
schemathesis.openapi.media_type("image/webp", images("lossy.webp", "lossless.webp"))
schemathesis.openapi.media_type("image/avif", images("still.avif", "rotated.avif"))
schemathesis.openapi.media_type("application/octet-stream", images("alpha.png", "still.gif"))
for piece in ("application/offset+octet-stream", "application/partial-upload"):
    schemathesis.openapi.media_type(piece, images("alpha.png", "still.gif"))
# The files of forms.
schemathesis.openapi.format("binary", images("grey.jpg", "still.avif"))


# The parts of forms. Others may have any text, but their names are in headers, which may not.
PARTS = {"file", "tags", "metadata", "visibility"}


def is_joiner_or_tag(letter):
    return letter in "\u200c\u200d" or 0xE0000 <= ord(letter) <= 0xE007F


@schemathesis.hook
def map_body(context, body):
    """Leaves out other parts of forms."""
    if isinstance(body, dict) and "file" in body:
        return {name: part for name, part in body.items() if name in PARTS}
    return body


@schemathesis.hook
def filter_body(context, body):
    """Leaves out forms in which the tags are not text but a number or a list: as parts of a form,
    these are text too, and valid."""
    is_form = isinstance(body, dict) and "file" in body
    return not is_form or isinstance(body.get("tags", ""), str)


def make_valid(transform):
    """Changes what depends on the image or on other parameters, which a schema cannot express."""
    for name in ("crop", "preset"):
        transform.pop(name, None)
    if "w" not in transform and "h" not in transform:
        transform.pop("fit", None)
    valid = {"w": 30, "h": 20, "dpr": 1.5, "blur": 2, "sharpen": 1}
    valid |= {"gravity": "north", "background": "ff0000"}
    transform.update({name: valid[name] for name in valid if name in transform})


def make_piece(case):
    """Makes the headers of a resumable upload agree with its body."""
    length = len(case.body) if isinstance(case.body, bytes) else 500
    headers = dict(case.headers or {})
    for name in ("Upload-Checksum", "Upload-Concat", "Upload-Metadata"):
        headers.pop(name, None)
    headers["Upload-Offset"] = "0"
    if case.media_type == "application/partial-upload":
        # The type of the IETF draft.
        headers = {name: headers[name] for name in headers if not name.startswith("Tus-")}
        headers["Upload-Complete"] = "?0"
    else:
        headers |= {"Tus-Resumable": "1.0.0", "Upload-Length": str(length)}
    if case.method == "POST" and case.path != "/v1/uploads":
        headers["X-HTTP-Method-Override"] = "PATCH"
    case.headers = headers


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sends metadata in forms as JSON, and does not follow redirects. Makes valid requests valid
    throughout: without cursors and conditions, with digests of the bodies, ranges within the file,
    and a new key for each upload."""
    kwargs["allow_redirects"] = False
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    # What a part of an image may be depends on the image, and no answer has its identifier.
    valid = {"region": "square", "size": "30,", "rotation": "90", "file": "gray.png"}
    valid["identifier"] = os.environ["SCHEMATHESIS_IMAGE"]
    valid["version"], valid["part"] = os.environ["SCHEMATHESIS_PAGE"].split("/")
    # Nor those of an upload and a ticket, which are to be there until the end.
    if case.method != "DELETE":
        valid["upload"] = os.environ["SCHEMATHESIS_UPLOAD"]
        valid["ticket"] = os.environ["SCHEMATHESIS_TICKET"]
    for name in valid.keys() & (case.path_parameters or {}).keys():
        case.path_parameters[name] = valid[name]
    if case.query:
        case.query.pop("cursor", None)
        # The lifetime of a token is limited by that of the request's.
        case.query.pop("expires_in", None)
        # Invented tickets are always refused. As a filter of a list, it is an id.
        if case.path.endswith("/limits"):
            case.query.pop("ticket", None)
        make_valid(case.query)
    if isinstance(case.body, dict):
        for name in ("cursor", "transform", "preset", "iiif"):
            case.body.pop(name, None)
    # The length of names is limited in bytes, and joiners depend on what is beside them, which a
    # schema cannot express.
    if isinstance(case.body, dict) and isinstance(case.body.get("filename"), str):
        name = case.body["filename"][:60]
        name = "".join(letter for letter in name if not is_joiner_or_tag(letter)).strip()
        case.body["filename"] = name if name.strip(".") else None
    if case.path.startswith("/v1/uploads"):
        make_piece(case)
    if not case.headers:
        return
    for name in ("If-Match", "If-Unmodified-Since"):
        case.headers.pop(name, None)
    if case.headers.get("Range", "").startswith("bytes="):
        case.headers["Range"] = "bytes=0-9"
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f'"{uuid.uuid4()}"'
    for name in ("Repr-Digest", "Content-Digest"):
        if name in case.headers and isinstance(case.body, bytes):
            digest = base64.b64encode(hashlib.sha256(case.body).digest()).decode()
            case.headers[name] = f"sha-256=:{digest}:"
