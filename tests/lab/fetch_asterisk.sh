#!/bin/sh
# Asterisk from Debian, unpacked into a cached folder; prints nothing when it is there.
#
#   fetch_asterisk.sh       22, from unstable: what the tests and the demo run on
#   fetch_asterisk.sh 16    16, from Debian 11: the oldest dialect; only its own tests need it
#
# Debian 12 and 13 have no asterisk package. The packages are resolved by apt against an empty
# system, fetched from the mirror the machine uses already (signatures checked), and only
# unpacked: no root, no chroot, no mount, no maintainer script. What is unpacked runs through
# its own dynamic loader, which `$tree/asterisk` does. debootstrap was tried first: as root
# only, ten times as long, and it leaves /proc mounted when it is interrupted.
#
# A host that has Asterisk 18 or newer uses that in place of 22. Status: 3 when Asterisk cannot be had here;
# for 16 the reason is kept beside its folder, for the tests to say, and it is tried again the day after.
set -eu

version=${1:-22}
case $version in
16) suite=bullseye debian='Debian 11' packages=asterisk size='73 MB to fetch, 175 MB on disk' ;;
22) suite=sid debian='Debian unstable' packages='asterisk asterisk-core-sounds-en-gsm' size='80 MB to fetch, 250 MB on disk' ;;
*) echo "usage: $0 [16|22]" >&2 && exit 2 ;;
esac

cache=${CALLBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/callbridge}
tree=$cache/asterisk-$version
why=$tree.missing
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf 'setup: %s\n' "$*"; }

give_up() {
    say "no Asterisk $version: $*"
    if [ "$version" = 16 ]; then
        mkdir -p "$cache" && printf '%s\n' "$*" >"$why"
        say 'the tests of the oldest dialect are skipped, and say so; its tapes play all the same'
    else
        say 'install one of version 18 or newer and run this again; until then live tests are skipped'
    fi
    exit 3
}

host_has_asterisk() {
    [ "$version" = 22 ] || return 1
    on_host=$(PATH=$PATH:/usr/sbin asterisk -V 2>/dev/null | sed -n 's/^Asterisk \([0-9]*\).*/\1/p')
    [ "${on_host:-0}" -ge 18 ]
}

# Said the day before: a mirror without it does not get it back, and asking costs half a minute without a network.
said_lately() { [ -n "$(find "$why" -mmin -1440 2>/dev/null)" ]; }

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
    echo "deb [signed-by=$keyring] $1 $suite main" >"$work/sources.list"
    say "fetching Asterisk $version of $debian from $1 ($size)"
    private_apt $quiet -o APT::Update::Error-Mode=any update || return 1
    # shellcheck disable=SC2086  # a list of words
    private_apt $quiet -y --download-only --no-install-recommends install $packages
}

unpack() {
    say "unpacking Asterisk $version"
    mkdir "$work/tree"
    for package in "$work"/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$work/tree"
    done
    (cd "$work/tree/usr/share" && rm -rf doc man locale perl info lintian bash-completion zoneinfo)
    [ -d "$work/tree/usr/share/asterisk/sounds/en_US_f_Allison" ] || return 0
    # What update-alternatives would have made.
    for language in en en_US; do
        ln -s en_US_f_Allison "$work/tree/usr/share/asterisk/sounds/$language"
    done
}

write_launcher() {
    cat >"$work/tree/asterisk" <<'LAUNCHER'
#!/bin/sh
# Runs this folder's Asterisk with this folder's libraries, as the same process.
# Before Debian 12 the C library was below /lib, and Asterisk's own pjproject in /usr/lib.
tree=$(dirname -- "$(readlink -f -- "$0")")
for loader in "$tree"/usr/lib64/ld-linux-*.so.2 "$tree"/usr/lib/ld-linux-*.so.[123] "$tree"/usr/lib/*/ld-linux-*.so.[123] \
    "$tree"/lib/*/ld-linux-*.so.[123]; do
    [ -e "$loader" ] && break
done
libraries=$(printf %s: "$tree"/usr/lib/*-linux-gnu* "$tree"/lib/*-linux-gnu*)$tree/usr/lib
exec "$loader" --library-path "$libraries" "$tree/usr/sbin/asterisk" "$@"
LAUNCHER
    chmod +x "$work/tree/asterisk"
}

forget() { rm -rf -- "$work"; }

[ ! -e "$tree/.complete" ] || exit 0
! host_has_asterisk || exit 0
[ "$version" = 22 ] || ! said_lately || exit 3
command -v apt-get >/dev/null && [ -e $keyring ] || give_up 'this is no Debian, so there is nowhere to take it from'

mkdir -p "$cache"
exec 9>"$tree.lock"
flock -n 9 || { say 'another set-up is fetching Asterisk: waiting for it' && flock 9; }
[ ! -e "$tree/.complete" ] || exit 0

rm -rf -- "$tree".new.* "$tree" "$why"
work=$(mktemp -d "$tree.new.XXXXXX")
trap forget EXIT
trap 'exit 130' INT TERM HUP
if [ -t 1 ]; then quiet=''; else quiet=-q; fi

mirror=$(find_mirror) || give_up 'apt has no Debian mirror in its sources'
download "$mirror" || give_up "the mirror $mirror cannot be reached, or lacks $debian"
unpack
write_launcher
"$work/tree/asterisk" -V >"$work/tree/.complete" || give_up 'what was fetched does not run here'
chmod 755 "$work/tree"
mv -T "$work/tree" "$tree"
say "$(cat "$tree/.complete") is in $tree"
