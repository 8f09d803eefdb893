# Programs of a Debian release beside the system's own: nothing is installed. `debian NAME SUITE PACKAGE...` unpacks packages with all
# they depend on below the cache, and sets `inside`, the words that run a command in there with this machine's folders.

debian() {
    local name=$1 suite=$2 packages=("${@:3}")
    local folder=$cache/$name
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg
    inside=("$BASH" "$root/tests/editors/support/inside.sh" "$folder/root")
    [ "$(uname -s)" = Linux ] || skip "$name is taken from Debian's packages, for Linux"
    [ "$(cat "$folder/done" 2>/dev/null)" = "$suite ${packages[*]}" ] && return
    need apt-get; need dpkg; need unshare
    [ -f "$keys" ] || skip "$name is taken from Debian's packages, whose keys are not here"
    unshare --user --map-root-user --mount true 2>/dev/null || skip "this machine allows no mount namespace, in which $name runs"
    local mirror
    mirror=$(apt-get indextargets --format '$(SITE)' | grep -v security | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
    [ -n "$mirror" ] || skip "no package mirror is configured, from which $name could be had"
    echo "installing ${packages[*]} of Debian $suite into $folder"
    rm -rf "$folder"
    mkdir -p "$folder"/apt/{lists/partial,cache/archives/partial} "$folder/root"
    : >"$folder/apt/status"
    echo "deb [signed-by=$keys] $mirror $suite main" >"$folder/apt/sources.list"
    cat >"$folder/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "1";
Debug::NoLocking "true";
CONF
    local apt=(env "APT_CONFIG=$folder/apt/apt.conf" apt-get -qq -o Dpkg::Use-Pty=0)
    "${apt[@]}" update >/dev/null || skip "Debian $suite, which has $name, cannot be reached"
    "${apt[@]}" --download-only --yes --no-install-recommends install "${packages[@]}" >/dev/null ||
        skip "the packages of $name cannot be downloaded"
    local package top
    for package in "$folder"/apt/cache/archives/*.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x -C "$folder/root" --no-same-owner --keep-directory-symlink; done
    # What the packages' scripts would have done, as far as the editors need it.
    for top in bin sbin lib lib64; do
        [ -e "$folder/root/$top" ] || ln -s "usr/$top" "$folder/root/$top"
    done
    mkdir -p "$folder/root/etc"
    cp /etc/passwd /etc/group "$folder/root/etc/"
    rm -rf "$folder/apt"
    echo "$suite ${packages[*]}" >"$folder/done"
}
