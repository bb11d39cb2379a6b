#!/bin/sh
# Installs Debian's Chromium for tests/browser where there is no browser and apt-get may; never fails: where none can be
# had, those tests say that they are skipped.
set -u
[ -n "${CLIPSET_TEST_BROWSER:-}" ] && exit 0
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
command -v apt-get >/dev/null 2>&1 || exit 0
as_root=""
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || exit 0
    as_root="sudo -n"
fi

say() { printf 'setup: %s\n' "$*" >&2; }

say "there is no browser for the browser tests; installing Debian's package chromium, about 100 MB"
export DEBIAN_FRONTEND=noninteractive
# without a font a browser draws no letters
{ $as_root apt-get update -qq &&
    $as_root apt-get install -y -qq --no-install-recommends chromium fonts-liberation; } >/dev/null 2>&1 ||
    say "apt-get could not install chromium; the browser tests will be skipped"
exit 0
