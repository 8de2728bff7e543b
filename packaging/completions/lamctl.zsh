#compdef lamctl
# Completion of lamctl(1) for zsh, as `lamctl completion zsh` prints it.
_lamctl_tunnels() {
    local -a names
    names=(${(f)"$(lamctl tunnels --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4)"})
    compadd -a names
}

_lamctl() {
    local curcontext=$curcontext state line
    local -a commands
    commands=(
        'status:Show whether lamd is healthy, and why not'
        'tunnels:Show the tunnels and their forwards'
        'paths:Show the paths to the servers'
        'events:Print what changes, a line each'
        'metrics:Print lamd'\''s metrics in Prometheus'\'' text format'
        'reconnect:Drop a tunnel'\''s connection, or its wait, and connect now'
        'reload:Read the configuration again'
        'switch-mode:Choose the transport: auto, sse or mqtt; kept over restarts'
        'wait:Return when lamd has come so far'
        'chat:Ask a model; without TEXT read a pipe, or talk on a terminal'
        'check:Check a configuration file without using it'
        'version:Print the versions of lamctl and of the lamd that runs'
        'completion:Print a completion script for a shell'
    )
    _arguments -C \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--socket=[lamd'\''s Unix socket]:PATH:_files' \
                    '1:command:->command' '*::argument:->argument'
    case $state in
        command) _describe command commands ;;
        argument)
            case $words[1] in
                status) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '(-w --watch)-w[Stay, and show every change as it happens]' \
                    '(-w --watch)--watch[Stay, and show every change as it happens]' \
                    '--json[Print lamd'\''s own JSON]' ;;
                tunnels) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--json[Print lamd'\''s own JSON]' ;;
                paths) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--json[Print lamd'\''s own JSON]' ;;
                events) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--json[Print one JSON object per line]' \
                    '(-f --follow --no-follow)-f[Go on until Ctrl-C (the default); --no-follow ends after the snapshot]' \
                    '(-f --follow --no-follow)--follow[Go on until Ctrl-C (the default); --no-follow ends after the snapshot]' \
                    '(-f --follow --no-follow)--no-follow[Go on until Ctrl-C (the default); --no-follow ends after the snapshot]' ;;
                metrics) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' ;;
                reconnect) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:TUNNEL:_lamctl_tunnels' ;;
                reload) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' ;;
                switch-mode) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--now[Move the answers that are running, too]' \
                    '1:MODE:(auto sse mqtt)' ;;
                wait) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--for=[ready, healthy, tunnel=NAME, path=SERVER (any for every NAME); given twice, both]:COND:(ready healthy tunnel= path= any)' \
                    '--timeout=[How long at most, like 30s or 5m]:DURATION: ' ;;
                chat) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '(-m --model)-m[The model to ask]:MODEL: ' \
                    '(-m --model)--model=[The model to ask]:MODEL: ' \
                    '(-s --system)-s[A system prompt]:TEXT: ' \
                    '(-s --system)--system=[A system prompt]:TEXT: ' \
                    '--max-tokens=[The longest answer]:COUNT: ' \
                    '--temperature=[Sampling temperature, 0 to 2]:NUMBER: ' \
                    '--json[Print the events of the answer as they come, one JSON object per line]' \
                    '*:TEXT: ' ;;
                check) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:FILE:_files' ;;
                version) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' ;;
                completion) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:SHELL:(bash zsh fish)' ;;
            esac
            ;;
    esac
}

_lamctl "$@"
