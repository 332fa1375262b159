#!/usr/bin/env bash
# Drives the real window from opening the sample to the finished disk image, by keyboard alone, on a display of its own.
#
#   tests/xvfb/run.sh [BINARY]      default: target/debug/bundlewright
#
# Exit 0 done or skipped (the reason is printed), 1 failed. PICTURES=folder keeps a picture of each step.
set -euo pipefail

binary=$(realpath "${1:-target/debug/bundlewright}")
for tool in Xvfb openbox xdotool; do
    if ! command -v "$tool" >/dev/null; then
        echo "skipped: $tool is not installed"
        exit 0
    fi
done

work=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

# Nothing of the user's: settings, temporary files and display are this run's own.
export TMPDIR=$work/tmp XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config HOME=$work LIBGL_ALWAYS_SOFTWARE=1
unset WAYLAND_DISPLAY WAYLAND_SOCKET DBUS_SESSION_BUS_ADDRESS
mkdir -p "$TMPDIR" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME"

Xvfb -displayfd 3 -screen 0 1400x920x24 -nolisten tcp 3>"$work/display" 2>"$work/xvfb.log" &
pids+=($!)
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.1; done
export DISPLAY=:$(cat "$work/display")
openbox >"$work/openbox.log" 2>&1 &
pids+=($!)

"$binary" >"$work/window.log" 2>&1 &
window_pid=$!
pids+=($window_pid)

# until SECONDS WHAT COMMAND…: waits for COMMAND to succeed.
until_true() {
    local seconds=$1 what=$2
    shift 2
    for _ in $(seq $((seconds * 5))); do
        "$@" >/dev/null 2>&1 && return
        kill -0 "$window_pid" 2>/dev/null || break
        sleep 0.2
    done
    echo "failed: $what"
    cat "$work/window.log"
    picture failed
    exit 1
}

picture() {
    if [ -n "${PICTURES:-}" ] && command -v import >/dev/null; then
        mkdir -p "$PICTURES"
        import -window root "$PICTURES/$1.png"
    fi
}

key() { xdotool key --clearmodifiers "$@"; sleep 0.3; }

# command WORDS: runs a command from the palette.
command_palette() {
    key ctrl+k
    xdotool type --delay 20 "$1"
    sleep 0.3
    key Return
}

until_true 30 "the window opens" xdotool search --onlyvisible --name Bundlewright
xdotool windowactivate --sync "$(xdotool search --onlyvisible --name Bundlewright | head -1)"
sleep 1
picture 1-start

command_palette "open sample"
sample() { compgen -G "$TMPDIR/bundlewright-sample-*/Postcard.app"; }
until_true 20 "the sample is unpacked" sample
app=$(sample | head -1)
until_true 20 "the window is named after the bundle" xdotool search --onlyvisible --name Postcard.app
sleep 1
picture 2-overview
if "$binary" check "$app" >/dev/null 2>&1; then
    echo "failed: the sample should have faults"
    exit 1
fi

key ctrl+3
picture 3-dependencies
key ctrl+r
sleep 2
picture 4-plan
key ctrl+Return
until_true 30 "the fix leaves nothing to fix" "$binary" check "$app"
until_true 10 "the repaired bundle verifies" "$binary" verify "$app"
sleep 1
picture 5-applied

key ctrl+6
sleep 1
picture 6-disk-image
key ctrl+b
image() { compgen -G "$(dirname "$app")/*.dmg"; }
until_true 30 "the disk image is built" image
until_true 10 "the disk image verifies" "$binary" verify "$(image | head -1)"
sleep 1
picture 7-built

key ctrl+q
for _ in $(seq 50); do kill -0 "$window_pid" 2>/dev/null || break; sleep 0.1; done
if kill -0 "$window_pid" 2>/dev/null; then
    echo "failed: the window does not close"
    exit 1
fi
if ! wait "$window_pid"; then
    echo "failed: the window ended with an error"
    cat "$work/window.log"
    exit 1
fi
if [ -s "$work/window.log" ]; then
    echo "the window said:"
    cat "$work/window.log"
fi
echo "done: opened, reviewed, fixed, signed and built $(basename "$(image | head -1)")"
