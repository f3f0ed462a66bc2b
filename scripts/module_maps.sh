# The modules in C that a build can import, as arguments for a Swift compiler: to be sourced. A build makes a map for those that
# have none of their own.
#
#   module_maps BUILD ROOT     fills the array `maps`
module_maps() {
  local map
  maps=()
  for map in "$1"/*.build/module.modulemap "$2"/Sources/*/include/module.modulemap \
    "$1"/../../checkouts/*/Sources/*/include/module.modulemap; do
    [ ! -f "$map" ] || maps+=(-Xcc "-fmodule-map-file=$(realpath "$map")")
  done
}
