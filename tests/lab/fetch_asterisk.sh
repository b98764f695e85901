#!/bin/sh
# Asterisk 22 from Debian unstable, unpacked into a cached folder; prints nothing when it is there.
#
# Debian 12 and 13 have no asterisk package. The packages are resolved by apt against an empty
# system, fetched from the mirror the machine uses already (signatures checked), and only
# unpacked: no root, no chroot, no mount, no maintainer script. What is unpacked runs through
# its own dynamic loader, which `$tree/asterisk` does. debootstrap was tried first: as root
# only, ten times as long, and it leaves /proc mounted when it is interrupted.
#
# A host that has Asterisk 18 or newer uses that. Status: 3 when Asterisk cannot be had here.
set -eu

cache=${CALLBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/callbridge}
tree=$cache/asterisk-22
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf 'setup: %s\n' "$*"; }

give_up() {
    say "no Asterisk: $*"
    say 'install one of version 18 or newer and run this again; until then live tests are skipped'
    exit 3
}

host_has_asterisk() {
    version=$(PATH=$PATH:/usr/sbin asterisk -V 2>/dev/null | sed -n 's/^Asterisk \([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 18 ]
}

# The archive proper, not its -updates, -security or somebody else's repository.
# Before the first `apt-get update` the origin is not known, so that comes second.
find_mirror() {
    targets=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages')
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
    printf '%s\n' "$targets" | awk '$2 !~ /[-\/]/ && $4 == "Debian" { print $1; exit }' | grep . ||
        printf '%s\n' "$targets" | awk -v suite="$codename" '$2 == suite && $3 == "main" { print $1; exit }' | grep .
}

# apt with a world of its own below $work; the machine's proxies and certificates still hold.
# Unstable's index goes out of date within days, and a mirror frozen at a date serves as well.
private_apt() {
    apt-get "$@" \
        -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
        -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o Acquire::Check-Valid-Until=false -o APT::Default-Release=
}

download() {
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
    : >"$work/status"
    echo "deb [signed-by=$keyring] $1 sid main" >"$work/sources.list"
    say "fetching Asterisk 22 of Debian unstable from $1 (80 MB to fetch, 250 MB on disk)"
    private_apt $quiet update
    private_apt $quiet -y --download-only --no-install-recommends install asterisk asterisk-core-sounds-en-gsm
}

unpack() {
    say 'unpacking Asterisk'
    mkdir "$work/tree"
    for package in "$work"/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$work/tree"
    done
    (cd "$work/tree/usr/share" && rm -rf doc man locale perl info lintian bash-completion)
    # What update-alternatives would have made.
    for language in en en_US; do
        ln -s en_US_f_Allison "$work/tree/usr/share/asterisk/sounds/$language"
    done
}

write_launcher() {
    cat >"$work/tree/asterisk" <<'LAUNCHER'
#!/bin/sh
# Runs this folder's Asterisk with this folder's libraries, as the same process.
tree=$(dirname -- "$(readlink -f -- "$0")")
for loader in "$tree"/usr/lib64/ld-linux-*.so.2 "$tree"/usr/lib/ld-linux-*.so.[123] "$tree"/usr/lib/*/ld-linux-*.so.[123]; do
    [ -e "$loader" ] && break
done
libraries=$(echo "$tree"/usr/lib/*-linux-gnu*)
exec "$loader" --library-path "$libraries" "$tree/usr/sbin/asterisk" "$@"
LAUNCHER
    chmod +x "$work/tree/asterisk"
}

forget() { rm -rf -- "$work"; }

[ ! -e "$tree/.complete" ] || exit 0
! host_has_asterisk || exit 0
command -v apt-get >/dev/null && [ -e $keyring ] || give_up 'this is no Debian, so there is nowhere to take it from'

mkdir -p "$cache"
exec 9>"$cache/asterisk-22.lock"
flock -n 9 || { say 'another set-up is fetching Asterisk: waiting for it' && flock 9; }
[ ! -e "$tree/.complete" ] || exit 0

rm -rf -- "$cache"/asterisk-22.new.* "$tree"
work=$(mktemp -d "$cache/asterisk-22.new.XXXXXX")
trap forget EXIT
trap 'exit 130' INT TERM HUP
if [ -t 1 ]; then quiet=''; else quiet=-q; fi

mirror=$(find_mirror) || give_up 'apt has no Debian mirror in its sources'
download "$mirror" || give_up "the mirror $mirror cannot be reached, or lacks something"
unpack
write_launcher
"$work/tree/asterisk" -V >"$work/tree/.complete" || give_up 'what was fetched does not run here'
chmod 755 "$work/tree"
mv -T "$work/tree" "$tree"
say "$(cat "$tree/.complete") is in $tree"
