# shellcheck shell=bash
# A private apt configuration: other suites and architectures without touching the system's own.
# Sourced after lib.sh.

# apt_mirror: base address of the Debian archive, as this system's own sources name it.
apt_mirror() {
    local base
    base=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null \
        | awk '$3 == "Debian" && $1 !~ /security/ { print $1; exit }')
    # Before the first 'apt-get update' apt knows no origin: read the files.
    [ -n "$base" ] || base=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        /etc/apt/sources.list.d/*.sources 2>/dev/null \
        | sed -n -E 's/^deb (\[[^]]*\] )?([^ ]+) .*/\2/p; s/^URIs:[ \t]*([^ ]+).*/\1/p' \
        | grep -E '/debian/?$' | head -n 1)
    [ -n "$base" ] || fail "no Debian archive in /etc/apt/sources.list or /etc/apt/sources.list.d" "" \
        "add the line of Debian's own archive there"
    echo "${base%/}"
}

# apt_private_setup NAME "SUITE..." ARCH private|system: writes the configuration and sets APT_CONF.
# 'private': own package state with nothing installed, to download from. 'system': the system's
# package state, to install into it from one more suite.
apt_private_setup() {
    local dir=$CACHE/apt/$1-$3 suites=$2 arch=$3 kind=$4 mirror suite
    mirror=$(apt_mirror)
    mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/state" "$dir/prefs" "$dir/parts"
    : >"$dir/sources.list"
    for suite in $suites; do
        echo "deb $mirror $suite main" >>"$dir/sources.list"
    done
    APT_CONF=$dir/apt.conf
    {
        # The system's settings (proxy and the like) hold; only what follows differs.
        echo "Dir::Etc::sourcelist \"$dir/sources.list\";"
        echo "Dir::Etc::sourceparts \"$dir/parts\";"
        echo "Dir::State::Lists \"$dir/lists\";"
        echo "Dir::Cache::pkgcache \"\"; Dir::Cache::srcpkgcache \"\";"
        echo "Acquire::Languages \"none\"; Acquire::Retries \"3\";"
        echo "APT::Sandbox::User \"root\";"
        if [ "$kind" = private ]; then
            touch "$dir/state/status"
            echo "Dir::State::status \"$dir/state/status\";"
            echo "Dir::State::extended_states \"$dir/state/extended_states\";"
            echo "Dir::Cache::archives \"$dir/archives\";"
            echo "Dir::Etc::preferences \"/dev/null\"; Dir::Etc::preferencesparts \"$dir/prefs\";"
            echo "Dir::Etc::trustedparts \"/etc/apt/trusted.gpg.d\";"
            echo "APT::Architecture \"$arch\"; APT::Architectures { \"$arch\"; };"
            echo "APT::Default-Release \"\"; APT::Install-Recommends \"false\";"
        fi
    } >"$APT_CONF"
}
