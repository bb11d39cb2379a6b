#!/bin/sh
# Makes .venv with the locked dependencies: `scripts/setup.sh run` for using clipset, `dev` for testing it as well,
# `bench` for measuring it beside others. `scripts/setup.sh system` sees to what tests need of the system instead.
# Needs python3 (3.11 or newer) and PyPI; installs Debian's python3-venv, chromium and iproute2 where they are missing
# and it may.
set -eu
kind=$1
lock=locks/$kind.txt
stamp=.venv/.installed-$kind

say() { printf 'setup: %s\n' "$*" >&2; }

# debian_packages NAME...: installs them if this is Debian or a relative of it, and we may
debian_packages() {
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; } \
        >/dev/null 2>&1 </dev/null
}

# the names and the variable are those of tests/browser/chromium.py, which skips or fails where there is none
has_browser() {
    [ -z "${CLIPSET_TEST_BROWSER:-}" ] || return 0
    for name in chromium chromium-browser google-chrome; do
        ! command -v "$name" >/dev/null 2>&1 || return 0
    done
    return 1
}

# what tests need of the system: a browser, and `ip` for a node that is cut off from its cluster
see_to_system() {
    command -v apt-get >/dev/null 2>&1 || return 0
    missing=""
    has_browser || missing="chromium"
    [ -x /usr/sbin/ip ] || missing="$missing iproute2"
    [ -n "$missing" ] || return 0
    say "installing Debian's ${missing# } for the tests"
    # shellcheck disable=SC2086 # one word a package
    debian_packages $missing || say "${missing# } could not be installed; the tests that need them will say so"
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "clipset needs Python 3.11 or newer; none was found (set PYTHON=/path/to/python3)."
    exit 5
}

make_venv() {
    "$1" -m venv .venv 2>/dev/null && return
    rm -rf .venv
    if command -v apt-get >/dev/null 2>&1; then
        say "this Python has no venv module; installing Debian's package"
        version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        debian_packages "python$version-venv" || true
    fi
    "$1" -m venv .venv || {
        rm -rf .venv
        say "python3 cannot make a virtual environment; install your system's python3-venv package and try again."
        exit 5
    }
}

if [ "$kind" = system ]; then
    see_to_system
    exit
fi

python=$(find_python)
# a .venv of another Python, or one whose checkout has moved, is made anew
if [ -d .venv ] && ! { [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; }; then
    rm -rf .venv
fi
[ -d .venv ] || make_venv "$python"

want=$(cat "$lock" pyproject.toml scripts/setup.sh | cksum; pwd)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
    say "installing locked dependencies ($lock) into .venv; the first time this takes about a minute"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
    printf '%s' "$want" >"$stamp"
fi
