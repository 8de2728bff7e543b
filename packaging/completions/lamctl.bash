# Completion of lamctl(1) for bash, as `lamctl completion bash` prints it.
_lamctl_tunnels() {
    lamctl tunnels --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
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
        "wait --for") mapfile -t COMPREPLY < <(compgen -W "ready healthy tunnel= path= any" -- "$cur") ;;
        "wait --timeout") COMPREPLY=() ;;
        "chat -m") COMPREPLY=() ;;
        "chat --model") COMPREPLY=() ;;
        "chat -s") COMPREPLY=() ;;
        "chat --system") COMPREPLY=() ;;
        "chat --max-tokens") COMPREPLY=() ;;
        "chat --temperature") COMPREPLY=() ;;
        "wait tunnel") mapfile -t COMPREPLY < <(compgen -W "$(_lamctl_tunnels)" -- "$cur") ;;
        " "*) mapfile -t COMPREPLY < <(compgen -W "status tunnels paths events metrics reconnect reload switch-mode wait chat check version completion -h --help --socket" -- "$cur") ;;
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
        "check "*)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "-h --help --socket" -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
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
