# shellcheck shell=bash
# Which Debian packages each command needs, and their installation. Nothing is asked of apt when all of them are there.

packages_build=(g++ ccache cmake ninja-build pkg-config libfmt-dev libspdlog-dev libyaml-cpp-dev nlohmann-json3-dev
    libcli11-dev libssl-dev libssh2-1-dev libcurl4-openssl-dev
    libmosquitto-dev libsqlite3-dev)
packages_run=(openssh-server openssh-client mosquitto curl python3 procps)
packages_test=(libgtest-dev libgmock-dev libbenchmark-dev python3-pytest python3-yaml python3-paho-mqtt socat iproute2 nftables
    python3-fastapi python3-uvicorn python3-httpx)
packages_check=(clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev llvm-19 shellcheck cppcheck valgrind pyflakes3 mandoc lintian dpkg-dev rpm systemd file)
packages_bench=(autossh dropbear-bin nginx-light haproxy mosquitto-clients)
packages_browser=(chromium chromium-driver python3-selenium) # 100 MB to fetch
packages_node=(nodejs npm)
packages_fresh=(debootstrap systemd-container zstd)

# The packages of a command's set, one per line.
packages_of() {
    case $1 in
        demo) printf '%s\n' "${packages_build[@]}" "$(boost_package)" "${packages_run[@]}" ;;
        test) packages_of demo && printf '%s\n' "${packages_test[@]}" && openai_package ;;
        check) packages_of test && printf '%s\n' "${packages_check[@]}" ;;
        bench) packages_of test && printf '%s\n' "${packages_bench[@]}" ;;
        browser) printf '%s\n' "${packages_browser[@]}" ;;
        node) printf '%s\n' "${packages_node[@]}" ;;
        fresh) printf '%s\n' "${packages_fresh[@]}" ;;
        *) die "deps: there is no set \"$1\"; there are demo, test, check, bench, browser, node, fresh" ;;
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

# OpenAI's SDK for Python, which Debian has from 13 on.
openai_package() {
    [ "$(debian_release)" = debian12 ] || echo python3-openai
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
