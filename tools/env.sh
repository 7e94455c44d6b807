# Sourced by the scripts in tools/: where the project is, and the programs it installed for itself.
# A private Node.js, if setup.sh had to install one, is in build/bin and comes first.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD="$ROOT/build"
PATH="$BUILD/bin:$PATH"
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH="$PATH:/usr/sbin:/sbin" ;; esac
export PATH
