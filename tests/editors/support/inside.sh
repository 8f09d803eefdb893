#!/usr/bin/env bash
# inside.sh ROOT COMMAND...: runs a command in the unpacked system ROOT, which sees this machine's other folders at their places.
set -euo pipefail
if [ "${1:-}" != --in-namespace ]; then
    as_root=(--user --map-root-user)
    [ "$(id -u)" -ne 0 ] || as_root=()
    exec unshare "${as_root[@]}" --mount "$BASH" "$0" --in-namespace "$PWD" "$@"
fi
directory=$2 system=$3
shift 3
for folder in /*; do
    [ -d "$folder" ] && [ ! -L "$folder" ] || continue
    case $folder in
        /usr | /etc | /var | /opt | /boot | /lost+found) ;;
        *) mkdir -p "$system$folder" && mount --rbind "$folder" "$system$folder" ;;
    esac
done
exec chroot "$system" /usr/bin/env -C "$directory" "$@"
