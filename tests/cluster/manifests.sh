# What is wrong with a manifest is refused by the server, before anything runs.

manifests() {
  new_namespace manifests
  local name
  check 'the image is tagged with the version of the program in it' tagged_with_the_version
  for name in monolith traced postgres; do
    check "overlay $name: every field is known, every value right, nothing asks for more than restricted" \
      k apply --dry-run=server --validate=strict --warnings-as-errors -k "$(overlay "$name")"
  done
  check 'a field that is mistyped is refused by its name' refused readinesProbe planted monolith s/readinessProbe/readinesProbe/
  check 'a value of the wrong kind is refused by its place' refused 'periodSeconds' planted monolith 's/periodSeconds: 2$/periodSeconds: often/'
  check 'a pod without a seccomp profile is refused by its name' refused seccompProfile planted monolith '/seccompProfile/,+1d'
  check 'a database that may run as root is refused' refused runAsNonRoot planted postgres '/runAsNonRoot/d'
}

tagged_with_the_version() {
  local version
  version="$("$program" --version | cut -d' ' -f2)"
  note "$version"
  k kustomize "$(overlay monolith)" | grep "image: outrigger:$version\$"
}

planted() { # an overlay with a mistake made by sed
  k kustomize "$(overlay "$1")" | sed "$2" | k apply --dry-run=server --validate=strict --warnings-as-errors -f -
}
