"""Uses httpx as an application would: python with_httpx.py URL TOKEN IMAGE"""

import asyncio
import hashlib
import sys

import httpx

base, token, path = sys.argv[1:]
with open(path, "rb") as file:
    data = file.read()
size = len(data)
sha256 = hashlib.sha256(data).hexdigest()


def check(answer, status):
    assert answer.status_code == status, f"{answer.status_code} is not {status}: {answer.text}"
    return answer


async def pieces():
    for at in range(0, size, 30_000):
        yield data[at : at + 30_000]


async def main(client):
    # A form with several files, and a body that is made while it is sent.
    files = [("file", (name, data, "image/png")) for name in ("a.png", "猫.png")]
    answer = check(await client.post("/v1/images", files=files), 201)
    names = [image["filename"] for image in answer.json()["items"]]
    assert names == ["a.png", "猫.png"], names
    headers = {"Content-Type": "image/png", "Content-Length": str(size)}
    answer = check(await client.post("/v1/images", content=pieces(), headers=headers), 201)
    image, seen = answer.json(), answer.headers["ETag"]
    assert image["sha256"] == sha256
    this, content = image["links"]["self"], image["links"]["content"]

    # A download, read as it arrives.
    hasher = hashlib.sha256()
    async with client.stream("GET", content) as answer:
        check(answer, 200)
        async for piece in answer.aiter_bytes():
            hasher.update(piece)
    assert hasher.hexdigest() == sha256
    etag, modified = answer.headers["ETag"], answer.headers["Last-Modified"]

    # Downloads that are given up do no harm.
    for _ in range(8):
        async with client.stream("GET", content) as answer:
            async for _ in answer.aiter_bytes():
                break

    # All of it, in ranges at once, each of the same state.
    async def part(start):
        last = min(start + 99_999, size - 1)
        headers = {"Range": f"bytes={start}-{last}", "If-Match": etag}
        answer = check(await client.get(content, headers=headers), 206)
        assert answer.headers["Content-Range"] == f"bytes {start}-{last}/{size}"
        return answer.content

    parts = await asyncio.gather(*(part(start) for start in range(0, size, 100_000)))
    assert b"".join(parts) == data

    # An image that the client already has is not sent again; an outdated condition is refused.
    for headers, status in (
        ({"If-None-Match": etag}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-Modified-Since": modified}, 304),
        ({"If-Match": '"other"'}, 412),
        ({"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, 412),
        ({"Range": "bytes=0-9", "If-Range": modified}, 206),
        ({"Range": f"bytes={size}-"}, 416),
    ):
        check(await client.get(content, headers=headers), status)
    head, get = await client.head(content), await client.get(content)
    for volatile in ("date", "x-request-id"):
        del head.headers[volatile], get.headers[volatile]
    assert head.headers == get.headers and head.content == b""

    # Of changes at once to what all have seen, one is made.
    async def edit(number):
        headers = {"If-Match": seen}
        return await client.patch(this, json={"tags": [str(number)]}, headers=headers)

    answers = await asyncio.gather(*(edit(number) for number in range(8)))
    made = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 412]
    assert (len(made), len(refused)) == (1, 7), answers
    shown = check(await client.get(this), 200)
    assert shown.json() == made[0].json() and shown.headers["ETag"] == made[0].headers["ETag"]


async def run():
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as client:
        await main(client)


asyncio.run(run())
