"""A signed URL: DARKROOM_KEY=kid:secret python sign_link.py PATH SECONDS [NAME=VALUE…]"""

import base64
import hmac
import os
import sys
import time
from urllib.parse import quote


def sign_link(key, path, seconds, parameters=(), method="GET", epoch=0):
    """Path and query of a link. `key` is an entry of signing_keys, `parameters` a
    dict of further query parameters."""
    kid, secret = key.split(":")
    secret = base64.urlsafe_b64decode(secret + "==")
    link_key = hmac.digest(secret, b"darkroom link v1\x01", "sha256")

    query = dict(parameters, expires=str(int(time.time()) + seconds), kid=kid)
    if epoch:
        query["epoch"] = str(epoch)
    query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}"
        for name, value in sorted(query.items())
    )
    message = f"{method}\n{path}\n{query}".encode()
    signature = hmac.digest(link_key, message, "sha256")
    signature = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    return f"{path}?{query}&signature={signature}"


if __name__ == "__main__":
    path, seconds, *pairs = sys.argv[1:]
    parameters = dict(pair.split("=", 1) for pair in pairs)
    print(sign_link(os.environ["DARKROOM_KEY"], path, int(seconds), parameters))
