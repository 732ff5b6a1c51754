import os

from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

client = TusClient(
    f"{os.environ['DARKROOM_URL']}/v1/uploads",
    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},
)
uploader = client.uploader(
    "photo.jpg",
    chunk_size=16 * 1024 * 1024,
    metadata={"filename": "photo.jpg", "tags": "holidays"},
    retries=10,
    retry_delay=3,
    store_url=True,
    url_storage=FileStorage("uploads.json"),
    upload_checksum=True,
)
uploader.upload()
print(uploader.request.response_headers["content-location"])
