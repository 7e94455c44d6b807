#!/bin/sh
# Ends every test server when the process that started them is gone, however it went.
#
# stdin is a pipe whose other end only that process holds. It writes lines:
#   watch SID     a session (setsid) to end when the pipe closes
#   forget SID    that session has been ended properly
#   remove DIR    a run folder to delete when the pipe closes
#   keep DIR      that folder is not to be deleted (any more)
# End of file means that the process has ended; then everything still watched is killed.
# A server may fork and change its process group, but stays in the session it was started in.

# without LIST WORD: the list, which has a space at both ends, less that word.
without() {
    case $1 in
    *" $2 "*) echo "${1%% "$2" *} ${1#* "$2" }." ;;
    *) echo "$1." ;;
    esac
}

watched=" "
folders=" "
while read -r verb argument; do
    case $verb in
    watch) watched="$watched$argument " ;;
    forget) watched=$(without "$watched" "$argument") && watched=${watched%.} ;;
    remove) folders="$folders$argument " ;;
    keep) folders=$(without "$folders" "$argument") && folders=${folders%.} ;;
    esac
done

members() {
    for stat in /proc/[0-9]*/stat; do
        read -r line 2>/dev/null <"$stat" || continue
        pid=${line%% *}
        # After the command's name, which may hold anything: state, ppid, pgrp, session.
        # shellcheck disable=SC2086
        set -- ${line##*) }
        case $watched in
        *" $4 "*) [ "$1" = Z ] || echo "$pid" ;;
        esac
    done
}

if [ "$watched" != " " ]; then
    # shellcheck disable=SC2046
    kill -TERM $(members) 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -n "$(members)" ] || break
        sleep 0.1
    done
    for _ in 1 2 3 4 5; do
        left=$(members)
        [ -n "$left" ] || break
        # shellcheck disable=SC2086
        kill -KILL $left 2>/dev/null
        sleep 0.1
    done
fi
for folder in $folders; do
    rm -rf -- "$folder"
done
