# Completion of lamctl(1) for bash, as `lamctl completion bash` prints it.
_lamctl_tunnels() {
    lamctl tunnels --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

_lamctl_servers() {
    lamctl servers --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

_lamctl_streams() {
    lamctl streams --json 2>/dev/null | grep -o '"id":"[^"]*"' | cut -d'"' -f4
}

_lamctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i
    COMPREPLY=()
    # bash takes the = of --option=value for a word of its own.
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --socket)
                [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
                ((i++))
                ;;
            -*) ;;
            *)
                command=${COMP_WORDS[i]}
                break
                ;;
        esac
    done
    case "$command $prev" in
        *" --socket") mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        "drain --timeout") COMPREPLY=() ;;
        "wait --for") mapfile -t COMPREPLY < <(compgen -W "ready healthy tunnel= path= any" -- "$cur") ;;
        "wait --timeout") COMPREPLY=() ;;
        "chat -m") COMPREPLY=() ;;
        "chat --model") COMPREPLY=() ;;
        "chat -s") COMPREPLY=() ;;
        "chat --system") COMPREPLY=() ;;
        "chat --max-tokens") COMPREPLY=() ;;
        "chat --temperature") COMPREPLY=() ;;
        "init --config") mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        "init --name") COMPREPLY=() ;;
        "init --port") COMPREPLY=() ;;
        "init --host") COMPREPLY=() ;;
        "init --ssh-port") COMPREPLY=() ;;
        "init --user") COMPREPLY=() ;;
        "init --host-key") COMPREPLY=() ;;
        "init --server") COMPREPLY=() ;;
        "init --group") COMPREPLY=() ;;
        "authorize --user") COMPREPLY=() ;;
        "authorize --listen") COMPREPLY=() ;;
        "authorize --name") COMPREPLY=() ;;
        "tunnel-guard --name") COMPREPLY=() ;;
        "import-env -o") mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        "import-env --output") mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        "import-env --password-file") mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        "import-env --project") COMPREPLY=() ;;
        "dashboard --port") COMPREPLY=() ;;
        "doctor --config") mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        "doctor --user") COMPREPLY=() ;;
        "wait tunnel") mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_tunnels)" -- "$cur") ;;
        " "*) mapfile -t COMPREPLY < <(compgen -W "status tunnels paths servers streams events metrics drain resume cancel probe reconnect reload restart-server switch-mode wait chat sessions forget export-sessions import-sessions init authorize tunnel-guard import-env dashboard check doctor version completion -h --help --socket" -- "$cur") ;;
        "status "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help -w --watch --json --socket" -- "$cur")
            fi
            ;;
        "tunnels "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json --socket" -- "$cur")
            fi
            ;;
        "paths "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json --socket" -- "$cur")
            fi
            ;;
        "servers "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json --socket" -- "$cur")
            fi
            ;;
        "streams "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json --socket" -- "$cur")
            fi
            ;;
        "events "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json -f --follow --no-follow --socket" -- "$cur")
            fi
            ;;
        "metrics "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            fi
            ;;
        "drain "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --wait --timeout --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_servers)" -- "$cur")
            fi
            ;;
        "resume "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_servers)" -- "$cur")
            fi
            ;;
        "cancel "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_streams)" -- "$cur")
            fi
            ;;
        "probe "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json --socket" -- "$cur")
            elif [[ $prev != probe ]]; then
                mapfile -t COMPREPLY < <(compgen -W "sse mqtt" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_servers)" -- "$cur")
            fi
            ;;
        "reconnect "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_tunnels)" -- "$cur")
            fi
            ;;
        "reload "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            fi
            ;;
        "restart-server "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            fi
            ;;
        "switch-mode "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --now --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "auto sse mqtt" -- "$cur")
            fi
            ;;
        "wait "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --for --timeout --socket" -- "$cur")
            fi
            ;;
        "chat "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help -m --model -s --system --max-tokens --temperature --json --socket" -- "$cur")
            else
                COMPREPLY=()
            fi
            ;;
        "sessions "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json --socket" -- "$cur")
            else
                COMPREPLY=()
            fi
            ;;
        "forget "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                COMPREPLY=()
            fi
            ;;
        "export-sessions "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            fi
            ;;
        "import-sessions "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            fi
            ;;
        "init "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --config --force --name --port --host --ssh-port --user --host-key --server --group --socket" -- "$cur")
            else
                COMPREPLY=()
            fi
            ;;
        "authorize "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --user --listen --name --guard --no-guard --socket" -- "$cur")
            else
                COMPREPLY=()
            fi
            ;;
        "tunnel-guard "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --name --socket" -- "$cur")
            fi
            ;;
        "import-env "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help -o --output --password-file --project --force --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            fi
            ;;
        "dashboard "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --port --no-open --socket" -- "$cur")
            fi
            ;;
        "check "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            fi
            ;;
        "doctor "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --json --config --user --socket" -- "$cur")
            fi
            ;;
        "version "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            fi
            ;;
        "completion "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W "bash zsh fish" -- "$cur")
            fi
            ;;
    esac
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
}
complete -F _lamctl lamctl
