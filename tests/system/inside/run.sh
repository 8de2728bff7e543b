#!/bin/bash
# Runs in the booted machine: installs the package, then runs the scripts beside this one that are named, each by itself.
# After a reboot it goes on with the script that asked for it. Ends with the names of those that failed.
set -uo pipefail
here=/root/inside
export DEBIAN_FRONTEND=noninteractive

if [ "$BOOT_NUMBER" = 1 ]; then
    printf '%s\n' "$@" >/root/left
    dpkg -i /root/lamd.deb 2>&1 | tee /root/installed || exit 1
fi
while read -r name </root/left && [ -n "$name" ]; do
    echo "##### $name"
    begun=$SECONDS
    bash "$here/$name.sh" </dev/null
    status=$?
    [ $status != 194 ] || exit 194
    [ $status = 0 ] || echo "$name" >>/root/failed
    echo "##### $name took $((SECONDS - begun)) s, status $status"
    sed -i 1d /root/left
done
[ ! -e /root/failed ] || {
    echo "##### failed: $(paste -sd' ' /root/failed)"
    exit 1
}
echo "##### all passed"
