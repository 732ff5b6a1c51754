#!/usr/bin/env bash
# A signed URL: DARKROOM_KEY=kid:secret bash sign_link.sh PATH SECONDS [NAME=VALUE…]
# Needs openssl. The key can be seen in the list of processes while this runs.
set -euo pipefail
export LC_ALL=C

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
to_hex() { od -An -v -tx1 | tr -d ' \n'; }

# base64url to hexadecimal
hex() {
  local text=${1%%=*}
  while ((${#text} % 4)); do text+='='; done
  printf %s "$text" | tr -- '-_' '+/' | openssl base64 -d -A | to_hex
}

# HMAC-SHA256 of standard input
hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary; }

# Percent-encodes all but the unreserved characters of RFC 3986
encode() {
  local text=$1 code i
  for ((i = 0; i < ${#text}; i++)); do
    case ${text:i:1} in
      [A-Za-z0-9._~-]) printf %s "${text:i:1}" ;;
      *) printf -v code %d "'${text:i:1}" && printf '%%%02X' "$((code & 255))" ;;
    esac
  done
}

# sign_link KEY PATH SECONDS [NAME=VALUE…], the names in plain letters
sign_link() {
  local kid=${1%%:*} secret=${1#*:} path=$2 expires link_key query pair
  expires=$(($(date +%s) + $3))
  shift 3
  link_key=$(printf 'darkroom link v1\001' | hmac "$(hex "$secret")" | to_hex)
  query=$(for pair in "$@" "expires=$expires" "kid=$kid"; do
    printf '%s=%s\n' "${pair%%=*}" "$(encode "${pair#*=}")"
  done | sort -t= -k1,1 | paste -sd '&' -)
  printf '%s?%s&signature=%s\n' "$path" "$query" \
    "$(printf 'GET\n%s\n%s' "$path" "$query" | hmac "$link_key" | base64url)"
}

sign_link "$DARKROOM_KEY" "$@"
