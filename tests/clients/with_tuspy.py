"""Uploads with tuspy as an application would: python with_tuspy.py URL TOKEN IMAGE IMAGE IMAGE IMAGE"""

import asyncio
import os
import sys

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.storage.filestorage import FileStorage

base, token, whole, pieces, stored, awaited = sys.argv[1:]
PIECE = 100_000

client = TusClient(f"{base}/v1/uploads", headers={"Authorization": f"Bearer {token}"})


def metadata(path):
    return {"filename": path, "filetype": "image/png", "tags": "tuspy"}


client.uploader(whole, metadata=metadata(whole)).upload()

# Each piece with its checksum.
uploader = client.uploader(
    pieces, chunk_size=PIECE, metadata=metadata(pieces), upload_checksum=True
)
uploader.upload()
assert uploader.get_offset() == os.path.getsize(pieces)

# Stops after a piece. Another program, which has no token, goes on with the URL that was stored.
storage = FileStorage("urls.json")
remembered = {"store_url": True, "url_storage": storage, "chunk_size": PIECE}
uploader = client.uploader(stored, metadata=metadata(stored), **remembered)
uploader.upload_chunk()
begun, offset = uploader.url, uploader.offset
assert offset == PIECE, offset
uploader = TusClient(f"{base}/v1/uploads").uploader(stored, **remembered)
assert (uploader.url, uploader.offset) == (begun, offset), uploader.url
uploader.upload()
storage.close()

asyncio.run(
    client.async_uploader(awaited, chunk_size=PIECE, metadata=metadata(awaited)).upload()
)

# A file that is refused is never taken for complete.
with open("text.png", "w") as file:
    file.write("no picture " * 50_000)
for options in ({}, {"chunk_size": PIECE}):
    uploader = client.uploader("text.png", metadata=metadata("text.png"), **options)
    try:
        uploader.upload()
    except TusCommunicationError as error:
        assert error.status_code == 415, error
    else:
        raise AssertionError("the upload succeeded")
