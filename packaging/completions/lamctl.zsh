#compdef lamctl
# Completion of lamctl(1) for zsh, as `lamctl completion zsh` prints it.
_lamctl_tunnels() {
    local -a names
    names=(${(f)"$(lamctl tunnels --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4)"})
    compadd -a names
}

_lamctl_servers() {
    local -a names
    names=(${(f)"$(lamctl servers --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4)"})
    compadd -a names
}

_lamctl_streams() {
    local -a names
    names=(${(f)"$(lamctl streams --json 2>/dev/null | grep -o '"id":"[^"]*"' | cut -d'"' -f4)"})
    compadd -a names
}

_lamctl() {
    local curcontext=$curcontext state line
    local -a commands
    commands=(
        'status:Show whether lamd is healthy, and why not'
        'tunnels:Show the tunnels and their forwards'
        'paths:Show the paths to the servers'
        'servers:Show the servers, and what is under way there'
        'streams:Show the answers that run, or can be resumed'
        'events:Print what changes, a line each'
        'metrics:Print lamd'\''s metrics in Prometheus'\'' text format'
        'drain:Give a server nothing new; what runs there ends, over restarts too'
        'resume:Use a server again that was drained'
        'cancel:End an answer that runs; its caller is told'
        'probe:Probe the paths now, layer by layer'
        'reconnect:Drop a tunnel'\''s connection, or its wait, and connect now'
        'reload:Read the configuration again'
        'restart-server:Restart the server that lamd runs (worker.run)'
        'switch-mode:Choose the transport: auto, sse or mqtt; kept over restarts'
        'wait:Return when lamd has come so far'
        'chat:Ask a model; without TEXT read a pipe, or talk on a terminal'
        'sessions:Show your conversations that lamd keeps, or one of them'
        'forget:Delete one of your conversations'
        'export-sessions:Print your conversations, a line of JSON each'
        'import-sessions:Keep conversations that were exported, in place of those with the same ids'
        'init:Make this machine ready: its configuration and key, and what the other one needs'
        'authorize:On the web server: let the GPU machine'\''s key in, for its ports and nothing else'
        'tunnel-guard:Guard a tunnel, as the command that sshd runs for its key; not for people'
        'import-env:Make lamd.yaml of the settings of a backend that was there before lamd'
        'dashboard:Show lamd in a browser of this machine, until Ctrl-C'
        'check:Check a configuration file without using it'
        'doctor:Look at this machine, and tell what is wrong and what mends it'
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
                servers) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--json[Print lamd'\''s own JSON]' ;;
                streams) _arguments \
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
                drain) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--wait[Return when the last answer there has ended]' \
                    '--timeout=[How long to wait at most, like 30s or 5m]:DURATION: ' \
                    '1:SERVER:_lamctl_servers' ;;
                resume) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:SERVER:_lamctl_servers' ;;
                cancel) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:STREAM:_lamctl_streams' ;;
                probe) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--json[Print lamd'\''s own JSON, one object per line]' \
                    '1:SERVER:_lamctl_servers' \
                    '2:TRANSPORT:(sse mqtt)' ;;
                reconnect) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:TUNNEL:_lamctl_tunnels' ;;
                reload) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' ;;
                restart-server) _arguments \
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
                sessions) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--json[Print lamd'\''s own JSON]' \
                    '1:SESSION: ' ;;
                forget) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:SESSION: ' ;;
                export-sessions) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' ;;
                import-sessions) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:FILE:_files' ;;
                init) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--config=[The configuration to make]:FILE:_files' \
                    '--force[Replace a configuration that is there]' \
                    '--name=[What the web server calls the GPU machine]:NAME: ' \
                    '--port=[The port on the web server'\''s loopback where the model is to be]:PORT: ' \
                    '--host=[gpu\: the web server]:HOST: ' \
                    '--ssh-port=[gpu\: the port of its SSH server]:PORT: ' \
                    '--user=[gpu\: the account there]:USER: ' \
                    '--host-key=[gpu\: its host key'\''s fingerprint, SHA256\:...]:FINGERPRINT: ' \
                    '--server=[gpu\: where llama-server listens]:URL: ' \
                    '--group=[web\: whose members may ask]:GROUP: ' \
                    '1:ROLE: ' ;;
                authorize) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--user=[The account; it is made if it is not there]:USER: ' \
                    '--listen=[Where the key may listen; may be given more than once]:HOST:PORT: ' \
                    '--name=[What the tunnel is called here; without this, as the key'\''s comment says]:NAME: ' \
                    '(--guard --no-guard)--guard[Let sshd run the tunnel'\''s guard (the default where lamctl is installed); --no-guard does not]' \
                    '(--guard --no-guard)--no-guard[Let sshd run the tunnel'\''s guard (the default where lamctl is installed); --no-guard does not]' \
                    '1:KEY: ' ;;
                tunnel-guard) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--name=[What the tunnel is called here; without this, as its lamd calls it]:NAME: ' ;;
                import-env) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '(-o --output)-o[Write the configuration there, and the password beside it]:FILE:_files' \
                    '(-o --output)--output=[Write the configuration there, and the password beside it]:FILE:_files' \
                    '--password-file=[Where the broker'\''s password is to be]:FILE:_files' \
                    '--project=[The first level of the bridge'\''s topics]:PROJECT: ' \
                    '--force[Replace files that are there]' \
                    '1:FILE:_files' ;;
                dashboard) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--port=[The port on 127.0.0.1; without this, any that is free]:PORT: ' \
                    '--no-open[Print the address only, open no browser]' ;;
                check) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '1:FILE:_files' ;;
                doctor) _arguments \
                    '(-h --help)-h[Show this help]' \
                    '(-h --help)--help[Show this help]' \
                    '--json[Print the findings as JSON]' \
                    '--config=[lamd'\''s configuration]:FILE:_files' \
                    '--user=[Who is to use the socket, such as www-data; needs root]:USER: ' ;;
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
