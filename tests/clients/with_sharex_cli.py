"""Uploads with a file for ShareX, as another program that reads such files does:
python with_sharex_cli.py URL TOKEN IMAGE"""

import json
import sys
from pathlib import Path

import requests
from sharex.api import get_config, upload_file

base, token, path = sys.argv[1:]
session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = f"Bearer {token}"

uploader = Path("darkroom.sxcu")
answer = session.get(f"{base}/v1/integrations/sharex", params={"expires_in": 200})
assert answer.status_code == 200, answer.text
uploader.write_bytes(answer.content)

config = get_config(uploader)
assert config["Headers"]["Authorization"] != session.headers["Authorization"]
# Unlike ShareX, this program expects nothing beside the expression.
assert config["URL"] == base + "{json:links.content}", config["URL"]
config["URL"] = config["URL"].removeprefix(base)
with open(path, "rb") as file:
    content = upload_file(config, "screenshot.png", file, Path(path))

answer = session.get(base + content)
assert answer.status_code == 200, answer.text
assert answer.content == Path(path).read_bytes()
image = session.get(base + content.removesuffix("/content")).json()
assert image["filename"] == "screenshot.png", json.dumps(image)
