# shellcheck shell=bash
# To be sourced: a tmux server of its own, so that the user's tmux, its settings and its sessions are not touched.
#
#   terminal ARGUMENTS...    runs a command of that server: `terminal new-session -d …`, `terminal send-keys q`
#
# When the script ends, however it ends, the server ends, and so do the files and folders that `remove_at_end` named.
private_socket=mpgtop-private-$$
private_files=()
terminal() { env -u TMUX LC_ALL=C.UTF-8 tmux -L "$private_socket" -f /dev/null "$@"; }
remove_at_end() { private_files+=("$@"); }
end_private_terminal() {
  terminal kill-server 2>/dev/null || true
  rm -rf "${private_files[@]}"
}
trap end_private_terminal EXIT
trap 'exit 130' INT TERM HUP
