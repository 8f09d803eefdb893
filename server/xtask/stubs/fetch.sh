#!/bin/sh
# Unpacks the newest release of every package of packages.txt into a directory: the input of `cargo run -p xtask -- stubs DIRECTORY`.
# Usage: fetch.sh DIRECTORY. Needs pip and the network. Nothing of the packages is run, and dependencies are not fetched.
set -eu

site=$1
here=$(dirname "$0")
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
mkdir -p "$site"

grep -v '^#' "$here/packages.txt" | while read -r package; do
    python3 -m pip download --quiet --no-deps --only-binary :all: --python-version 3.13 \
        --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 --dest "$wheels" "$package"
done
for wheel in "$wheels"/*.whl; do
    python3 -m zipfile -e "$wheel" "$site"
done
# The server that litellm brings is a program, not something that others call.
rm -rf "$site/litellm/proxy" "$site/litellm_cli"
