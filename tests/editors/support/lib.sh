# What the tests in real editors share. Source it; it leaves on the first error.
#
# ASYNCWISE_BINARY      the program to test; built from the sources without it
# ASYNCWISE_EDITORS     where editors are installed; by default below the target folder
# ASYNCWISE_ARTEFACTS   where pictures of the screen are left; by default below the target folder
#
# A test that cannot be run here ends with the exit code 77, after saying why.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cache=${ASYNCWISE_EDITORS:-$target/asyncwise-editors}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }
step() { echo "  ok: $*"; }
need() { command -v "$1" >/dev/null || skip "$1 is not installed"; }

# Sets ASYNCWISE_BINARY, where it is not given.
find_server() {
    if [ -z "${ASYNCWISE_BINARY:-}" ]; then
        (cd "$root" && "${CARGO:-cargo}" build --quiet --package asyncwise --target-dir "$target") ||
            fail "the binary does not build"
        ASYNCWISE_BINARY=$target/debug/asyncwise
    fi
    [ -x "$ASYNCWISE_BINARY" ] || fail "$ASYNCWISE_BINARY is not a program"
}

# begin EDITOR: a fresh folder with a copy of the project, homes of its own and the server on PATH. Sets work, project and shots.
begin() {
    find_server
    work=$cache/run/$1
    project=$work/project
    shots=${ASYNCWISE_ARTEFACTS:-$target/editors}/$1
    rm -rf "$work" "$shots"
    mkdir -p "$work/bin" "$work/home" "$shots"
    cp -R "$root/tests/editors/project" "$project"
    ln -s "$ASYNCWISE_BINARY" "$work/bin/asyncwise"
    export HOME=$work/home XDG_CONFIG_HOME=$work/home/config XDG_DATA_HOME=$work/home/data
    export XDG_STATE_HOME=$work/home/state XDG_CACHE_HOME=$work/home/cache
    mkdir -p "$XDG_CONFIG_HOME" "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$XDG_CACHE_HOME"
    export PATH=$work/bin:$PATH
    # What happens to be activated where the tests are run is none of their business.
    unset VIRTUAL_ENV CONDA_PREFIX
}

# until_true SECONDS COMMAND...: runs it again and again until it succeeds; fails when the time is over.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# A terminal of its own for an editor with a screen: `screen_start COMMAND`, then `screen_wait TEXT` and `screen_keys KEYS...`.
screen_start() {
    need tmux
    socket=asyncwise-$$
    trap 'tmux -L "$socket" kill-server 2>/dev/null || true' EXIT
    tmux -L "$socket" -f /dev/null new-session -d -x "${columns:-110}" -y "${lines:-30}" "$1"
}
screen_text() { tmux -L "$socket" capture-pane -p; }
screen_shows() { screen_text | grep -qF -- "$1"; }
screen_hides() { ! screen_shows "$1"; }
screen_keys() { tmux -L "$socket" send-keys "$@"; }
screen_type() { tmux -L "$socket" send-keys -l "$1"; }
screen_wait() {
    until_true 120 screen_shows "$1" || { screen_text >&2; fail "the screen does not show: $1"; }
}
screen_wait_gone() {
    until_true 120 screen_hides "$1" || { screen_text >&2; fail "the screen still shows: $1"; }
}
# screen_shot NAME: keeps the screen as text and, with its colours, as a picture.
screen_shot() {
    screen_text >"$shots/$1.txt"
    tmux -L "$socket" capture-pane -p -e -N >"$shots/$1.ansi"
    if command -v python3 >/dev/null; then
        python3 "$root/tests/editors/support/picture.py" "$shots/$1.ansi" "$shots/$1.svg"
    fi
}

# holds FILE TEXT: the file on the disk has this text.
holds() { grep -qF -- "$2" "$1"; }
saved() {
    until_true 120 holds "$1" "$2" || { cat "$1" >&2; fail "$(basename "$1") was not saved with: $2"; }
}
