#!/bin/sh
# What a user does in Kate, on a screen of its own, inside of the unpacked system: see `run`. Arguments: the folder of the run, and that
# for pictures. What Kate shows are pixels, so what is waited for is seen in the files that it writes and in what the server told it.
set -eu
work=$1 shots=$2
wire=$work/wire
: >"$wire"

fail() {
    echo "FAILED: $*" >&2
    shot failed
    exit 1
}
shot() { import-im7.q16 -window root "$shots/$1.png"; }
# wait_for COMMAND...: runs it again and again until it succeeds.
wait_for() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || return 1
        sleep 0.1
    done
}
# told TEXT: the last findings of orders.py that the server told have it.
told() { grep -a publishDiagnostics "$wire" | grep -a orders.py | tail -n 1 | grep -aqF -- "$1"; }
told_not() { grep -aq publishDiagnostics "$wire" && ! told "$1"; }
answered() { [ "$(grep -ac '"title":"' "$wire")" -gt "$1" ]; }
holds() { grep -qF -- "$2" "$1"; }
shows() { xdotool search --onlyvisible --name "$1" >/dev/null 2>&1; }
key() { xdotool key --clearmodifiers "$@"; }
# go LINE: puts the cursor at the beginning of a line.
go() {
    key ctrl+g
    sleep 0.5
    xdotool type "$1"
    key Return
    sleep 0.3
}
# act: opens the actions of the cursor's line, and waits until the server has told them.
act() {
    before=$(grep -ac '"title":"' "$wire" || true)
    key alt+Return
    wait_for answered "$before" || fail "no actions were asked for"
    sleep 1
}

Xvfb -displayfd 3 -screen 0 1180x720x24 -nolisten tcp 3>"$work/display" >/dev/null 2>&1 &
xvfb=$!
trap 'kill $kate $manager $xvfb 2>/dev/null || true' EXIT
kate='' manager=''
wait_for test -s "$work/display" || fail "there is no screen"
DISPLAY=:$(cat "$work/display")
export DISPLAY
openbox >/dev/null 2>&1 &
manager=$!

kate -n shop/orders.py >"$work/kate.log" 2>&1 &
kate=$!
wait_for shows 'orders.py' || fail "Kate does not open"
window=$(xdotool search --onlyvisible --name 'orders.py' | tail -n 1)
xdotool windowsize "$window" 1170 690 windowmove "$window" 0 20
wait_for told 'an event loop is already running' || fail "the finding is not told"
echo "  ok: the server told Kate its findings"
go 22
shot finding

act
shot actions
key Down Return
wait_for told_not 'an event loop is already running' || fail "the quick fix was not applied"
key ctrl+s
wait_for holds shop/orders.py 'return await refund(order["total"])' || fail "the quick fix was not saved"
echo "  ok: the quick fix replaces asyncio.run by await, and is saved"

act
key Down Return
wait_for told_not 'is never awaited' || fail "the safe fixes were not applied"
key ctrl+s
wait_for holds shop/orders.py 'await save(order)' || fail "the safe fixes were not saved"
echo "  ok: all safe fixes are applied at once, and saved"
