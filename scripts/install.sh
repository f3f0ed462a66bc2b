#!/usr/bin/env bash
# Installs the programs, stripped of what only debuggers read; the manual page and shell completions, which mpgtop itself
# generates; and what is for a fleet: a board for Grafana, rules for Prometheus, a systemd unit.
#
#   install.sh BIN-FOLDER PREFIX [ZSH-FOLDER]       ZSH-FOLDER is below PREFIX; default: share/zsh/site-functions
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${1:?usage: install.sh BIN-FOLDER PREFIX [ZSH-FOLDER]}
prefix=${2:?usage: install.sh BIN-FOLDER PREFIX [ZSH-FOLDER]}
zsh=$prefix/${3:-share/zsh/site-functions}
bash=$prefix/share/bash-completion/completions fish=$prefix/share/fish/vendor_completions.d

install -d "$prefix/bin" "$prefix/share/man/man1" "$bash" "$zsh" "$fish"
for program in mpgtop mpg-demo mpg-load mpg-lesson; do
  install -m 755 "$bin/$program" "$prefix/bin"
  strip --strip-unneeded "$prefix/bin/$program"
done

# made TARGET COMMAND...: writes the command's output to a file.
made() {
  "${@:2}" >"$1"
  chmod 644 "$1"
}
made "$prefix/share/man/man1/mpgtop.1" "$bin/mpgtop" gen-man
made "$bash/mpgtop" "$bin/mpgtop" --generate-completion-script bash
made "$zsh/_mpgtop" "$bin/mpgtop" --generate-completion-script zsh
made "$fish/mpgtop.fish" "$bin/mpgtop" --generate-completion-script fish

share=$here/../share
install -d "$prefix/share/mpgtop/grafana" "$prefix/share/mpgtop/prometheus" "$prefix/lib/systemd/system"
install -m 644 "$share/grafana/mpgtop.json" "$prefix/share/mpgtop/grafana"
install -m 644 "$share/prometheus/mpgtop.rules.yml" "$prefix/share/mpgtop/prometheus"
# The unit names the program by the place that it has at last; PREFIX may be a staging folder.
place=${MPGTOP_PLACE:-$prefix}
sed "s#/usr/bin/mpgtop#$place/bin/mpgtop#" "$share/systemd/mpgtop-serve.service" >"$prefix/lib/systemd/system/mpgtop-serve.service"
chmod 644 "$prefix/lib/systemd/system/mpgtop-serve.service"
