"""Uses requests as an application would: python with_requests.py URL TOKEN IMAGE"""

import base64
import email.parser
import email.policy
import hashlib
import sys

import requests

base, token, path = sys.argv[1:]
with open(path, "rb") as file:
    data = file.read()
sha256 = hashlib.sha256(data)
images = f"{base}/v1/images"

session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = f"Bearer {token}"


def check(answer, status):
    assert answer.status_code == status, f"{answer.status_code} is not {status}: {answer.text}"
    return answer


# A form, and a body of unknown length.
with open(path, "rb") as file:
    form = {"file": ("Grüße 猫.png", file, "image/png")}
    answer = check(session.post(images, files=form, data={"tags": "a, b"}), 201)
image = answer.json()
assert image["filename"] == "Grüße 猫.png", image
assert image["tags"] == ["a", "b"] and image["sha256"] == sha256.hexdigest(), image
pieces = (data[at : at + 10_000] for at in range(0, len(data), 10_000))
streamed = check(session.post(images, data=pieces, headers={"Content-Type": "image/png"}), 201)
assert streamed.json()["sha256"] == image["sha256"]
this = base + image["links"]["self"]
content = base + image["links"]["content"]

# A download in pieces, checked as it arrives.
with session.get(content, stream=True) as answer:
    check(answer, 200)
    hasher = hashlib.sha256()
    for piece in answer.iter_content(65_536):
        hasher.update(piece)
    expected = "sha-256=:" + base64.b64encode(hasher.digest()).decode() + ":"
    assert answer.headers["Repr-Digest"] == expected
    assert int(answer.headers["Content-Length"]) == len(data)
    etag, modified = answer.headers["ETag"], answer.headers["Last-Modified"]

# An interrupted download, which is resumed unless the image has changed.
with session.get(content, stream=True) as answer:
    begun = answer.raw.read(400_000)
resume = {"Range": f"bytes={len(begun)}-", "If-Range": etag}
rest = check(session.get(content, headers=resume), 206)
assert begun + rest.content == data
changed = {"Range": f"bytes={len(begun)}-", "If-Range": '"other"'}
assert check(session.get(content, headers=changed), 200).content == data

# Several ranges, read by Python's own parser of multipart bodies.
answer = check(session.get(content, headers={"Range": "bytes=-9, 0-99, 500000-900000"}), 206)
head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
parser = email.parser.BytesParser(policy=email.policy.HTTP)
parts = list(parser.parsebytes(head + answer.content).iter_parts())
size = len(data)
expected = [(size - 9, size), (0, 100), (500_000, 900_001)]
assert len(parts) == len(expected)
for part, (start, end) in zip(parts, expected):
    assert part["Content-Range"] == f"bytes {start}-{end - 1}/{size}", part["Content-Range"]
    assert part["Content-Type"] == "image/png"
    assert part.get_payload(decode=True) == data[start:end]
answer = check(session.get(content, headers={"Range": f"bytes={size}-"}), 416)
assert answer.headers["Content-Range"] == f"bytes */{size}"

# An image that the client already has is not sent again.
for condition in ({"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": modified}):
    answer = check(session.get(content, headers=condition), 304)
    assert answer.content == b"" and answer.headers["ETag"] == etag
    assert check(session.head(content, headers=condition), 304).headers["ETag"] == etag

# A change of the current state, and a change of an outdated state.
seen = check(session.get(this), 200).headers["ETag"]
edited = check(session.patch(this, json={"tags": ["c"]}, headers={"If-Match": seen}), 200)
assert edited.json()["tags"] == ["c"] and edited.headers["ETag"] != seen
check(session.patch(this, json={"tags": []}, headers={"If-Match": seen}), 412)
check(session.delete(this, headers={"If-Match": seen}), 412)
check(session.get(this, headers={"If-None-Match": edited.headers["ETag"]}), 304)
check(session.delete(this, headers={"If-Match": edited.headers["ETag"]}), 204)
check(session.get(content), 404)
