#!/bin/sh
# rustdoc, but for what cargo has it test: that is documented, in the folder DARKROOM_DOCS.
set -eu
is_test=
is_value=
for argument; do
  shift
  if [ "$is_value" ]; then
    is_value=
    continue
  fi
  case $argument in
    --test) is_test=yes ;;
    --test-args | --test-run-directory | --test-runtool | --test-runtool-arg) is_value=yes ;;
    --test-args=* | --test-run-directory=* | --test-runtool=* | --test-runtool-arg=*) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
if [ "$is_test" ]; then
  set -- "$@" -D warnings --out-dir "$DARKROOM_DOCS"
fi
exec rustdoc "$@"
