#!/usr/bin/env bash
# A bearer token: DARKROOM_KEY=kid:secret bash mint_token.sh alice images:read
# Needs openssl. The key can be seen in the list of processes while this runs.
set -euo pipefail

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# base64url to hexadecimal
hex() {
  local text=${1%%=*}
  while ((${#text} % 4)); do text+='='; done
  printf %s "$text" | tr -- '-_' '+/' | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n'
}

# HMAC-SHA256 of standard input
hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary; }

# mint_token KEY OWNER SCOPE [SECONDS]
mint_token() {
  local kid=${1%%:*} secret=${1#*:} now message
  case $2$3 in *[\"\\[:cntrl:]]*) echo 'this would need escapes in JSON' >&2; return 1 ;; esac
  now=$(date +%s)
  message=$(printf '{"alg":"HS256","typ":"JWT","kid":"%s"}' "$kid" | base64url)
  message+=.$(printf '{"sub":"%s","scope":"%s","iat":%d,"exp":%d}' \
    "$2" "$3" "$now" "$((now + ${4:-3600}))" | base64url)
  printf '%s.%s\n' "$message" "$(printf %s "$message" | hmac "$(hex "$secret")" | base64url)"
}

mint_token "$DARKROOM_KEY" "$@"
