# Completion of lamd(8) for bash. The tests hold it to lamd's options.
_lamd() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    # bash takes the = of --option=value for a word of its own.
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $prev in
        --config | --check-config) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        --log-format) mapfile -t COMPREPLY < <(compgen -W "auto text json journal" -- "$cur") ;;
        --log-level) mapfile -t COMPREPLY < <(compgen -W "debug info warning error" -- "$cur") ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W "--help --config --check-config --log-format --log-level --version" \
                -- "$cur")
            ;;
    esac
}
complete -o filenames -F _lamd lamd
