"""A bearer token: DARKROOM_KEY=kid:secret python mint_token.py alice images:read"""

import base64
import os
import sys
import time

import jwt  # pip install PyJWT


def mint_token(key, owner, scope, seconds=3600, audience=None):
    """`key` is an entry of signing_keys: kid:base64url-secret."""
    kid, secret = key.split(":")
    now = int(time.time())
    claims = {"sub": owner, "scope": scope, "iat": now, "exp": now + seconds}
    if audience:
        claims["aud"] = audience
    secret = base64.urlsafe_b64decode(secret + "==")
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": kid})


if __name__ == "__main__":
    print(mint_token(os.environ["DARKROOM_KEY"], *sys.argv[1:3]))
