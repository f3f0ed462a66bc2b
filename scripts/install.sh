#!/usr/bin/env bash
# Installs the programs, and the manual page and shell completions, which mpgtop itself generates.
#
#   install.sh BIN-FOLDER PREFIX [ZSH-FOLDER]       ZSH-FOLDER is below PREFIX; default: share/zsh/site-functions
set -euo pipefail
bin=${1:?usage: install.sh BIN-FOLDER PREFIX [ZSH-FOLDER]}
prefix=${2:?usage: install.sh BIN-FOLDER PREFIX [ZSH-FOLDER]}
zsh=$prefix/${3:-share/zsh/site-functions}
bash=$prefix/share/bash-completion/completions fish=$prefix/share/fish/vendor_completions.d

install -d "$prefix/bin" "$prefix/share/man/man1" "$bash" "$zsh" "$fish"
install -m 755 "$bin/mpgtop" "$bin/mpg-demo" "$bin/mpg-load" "$bin/mpg-lesson" "$prefix/bin"

# made TARGET COMMAND...: writes the command's output to a file.
made() {
  "${@:2}" >"$1"
  chmod 644 "$1"
}
made "$prefix/share/man/man1/mpgtop.1" "$bin/mpgtop" gen-man
made "$bash/mpgtop" "$bin/mpgtop" --generate-completion-script bash
made "$zsh/_mpgtop" "$bin/mpgtop" --generate-completion-script zsh
made "$fish/mpgtop.fish" "$bin/mpgtop" --generate-completion-script fish
