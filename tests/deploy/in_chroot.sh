#!/bin/sh
# Runs a program as the image of deploy/container/Dockerfile does: with nothing but what the image
# has, a root that cannot be written, one volume, and an unprivileged user.
# Usage: in_chroot.sh ROOT COMMAND…
set -eu
root=$1
shift
mount --bind "$root" "$root"
mount -t tmpfs -o mode=0700,uid=65532,gid=65532 tmpfs "$root/data"
mount -o remount,bind,ro "$root"
exec chroot --userspec=65532:65532 "$root" "$@"
