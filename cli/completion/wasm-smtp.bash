# Completion of wasm-smtp for bash.
_wasm_smtp() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options
    local session='--ehlo --ca --tls-name --cert --key --pin --timeout'
    local login='--server --account --config --user --password-file --password-env --password-fd --token-file --token-env
        --token-command --auth --allow-plaintext-auth'
    local droppable='dsn-return envelope-id notify original-recipient deliver-by hold-for hold-until priority require-tls
        submitter per-recipient-replies'
    local extensions="--binary --optional --xclient $(printf -- '--%s ' $droppable)"
    local output='--json --transcript --waterfall --help --version'
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'send probe vrfy expn help sendmail --help --version' -- "$word")
        return
    fi
    case $previous in
    --password-file | --token-file | --ca | --cert | --key | --config | --waterfall | -C)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return ;;
    --token-command)
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
        return ;;
    --password-env | --token-env)
        mapfile -t COMPREPLY < <(compgen -e -- "$word")
        return ;;
    --auth)
        mapfile -t COMPREPLY < <(compgen -W 'PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-512 SCRAM-SHA-1 CRAM-MD5 XOAUTH2 OAUTHBEARER EXTERNAL ANONYMOUS' -- "$word")
        return ;;
    --notify)
        mapfile -t COMPREPLY < <(compgen -W 'never success failure delay' -- "$word")
        return ;;
    --dsn-return)
        mapfile -t COMPREPLY < <(compgen -W 'full headers' -- "$word")
        return ;;
    --optional)
        mapfile -t COMPREPLY < <(compgen -W "$droppable" -- "$word")
        return ;;
    --xclient)
        mapfile -t COMPREPLY < <(compgen -S = -W 'NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT' -- "$word")
        return ;;
    --server)
        mapfile -t COMPREPLY < <(compgen -W 'smtps:// smtp:// smtp+plain:// lmtp:// lmtp+unix:' -- "$word")
        return ;;
    esac
    case ${COMP_WORDS[1]} in
    send)
        options="$login $extensions --from --to --recipients-from-headers --smtputf8 --all-or-nothing --no-pipelining
            --no-chunking $session $output" ;;
    vrfy | expn | help) options="$login $session $output" ;;
    probe) options="$session $output" ;;
    sendmail) options="-t -i -f -r -a -C -N -R -V -v --account --config $output" ;;
    *) return ;;
    esac
    case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    esac
}
complete -o filenames -F _wasm_smtp wasm-smtp
