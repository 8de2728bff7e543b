# shellcheck shell=bash
# Which Debian packages each command needs, and their installation. Nothing is asked of apt when all of them are there.

packages_build=(g++ ccache cmake ninja-build pkg-config libfmt-dev libspdlog-dev libyaml-cpp-dev nlohmann-json3-dev
    libcli11-dev libssl-dev libssh2-1-dev libcurl4-openssl-dev
    libmosquitto-dev)
packages_run=(openssh-server openssh-client mosquitto curl python3 procps)
packages_test=(libgtest-dev libgmock-dev libbenchmark-dev python3-pytest python3-yaml python3-paho-mqtt socat iproute2 nftables)
packages_check=(clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev llvm-19 shellcheck pyflakes3 mandoc lintian dpkg-dev file)
packages_bench=(autossh dropbear-bin)
packages_fresh=(debootstrap systemd-container zstd)

# The packages of a command's set, one per line.
packages_of() {
    case $1 in
        demo) printf '%s\n' "${packages_build[@]}" "$(boost_package)" "${packages_run[@]}" ;;
        test) packages_of demo && printf '%s\n' "${packages_test[@]}" ;;
        check) packages_of test && printf '%s\n' "${packages_check[@]}" ;;
        bench) packages_of test && printf '%s\n' "${packages_bench[@]}" ;;
        fresh) printf '%s\n' "${packages_fresh[@]}" ;;
        *) die "deps: there is no set \"$1\"; there are demo, test, check, bench, fresh" ;;
    esac
}

# Debian 12's default Boost (1.74) is too old for Asio's coroutines as they are used here.
boost_package() {
    if [ "$(debian_release)" = debian12 ]; then
        echo libboost1.81-dev
    else
        echo libboost-dev
    fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

deps() {
    local set package missing=()
    have apt-get || return 0 # not a Debian: CMake says what is missing
    for set in "$@"; do
        packages_of "$set" >/dev/null
        for package in $(packages_of "$set"); do
            is_installed "$package" || missing+=("$package")
        done
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${#missing[@]} packages: ${missing[*]}"
    as_root "$ROOT/tools/dev/apt-install.sh" "${missing[@]}"
}
