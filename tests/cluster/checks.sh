# How checks are told, and what is shown of the cluster when one fails. Sourced by tests/cluster/run.

doing='the start'

exec 3>&1

check() { # what holds, then the command that finds out
  local began=$EPOCHREALTIME
  doing=$1
  shift
  "$@" >"$work/said" 2>&1
  printf 'ok %6.1f s  %s%s\n' "$(seconds_between "$EPOCHREALTIME" "$began")" "$doing" "$(sed -n 's/^= /: /p' "$work/said")"
}

seconds_between() { awk -v a="$1" -v b="$2" 'BEGIN { print a - b }'; }

note() { # within a check: what its line says besides
  echo "= $*"
}

until_so() { # seconds, then the command that comes to succeed
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $until ] || { echo "still not so: $*"; return 1; }
    sleep 0.2
  done
}

refused() { # what must be said, then the command that must fail
  local naming=$1
  shift
  if "$@" >"$work/refusal" 2>&1; then
    echo "this was not refused: $*"
    return 1
  fi
  cat "$work/refusal"
  grep -q -- "$naming" "$work/refusal"
}

smaller_than() {
  local size
  size="$(stat -c %s "$2")"
  note "$((size / 1000000)) MB"
  [ "$size" -lt "$1" ]
}

failed() { # said aloud, though what a check says is kept
  # Within a substitution or a pipe it is for whoever made that to judge.
  [ "$BASH_SUBSHELL" = 0 ] || return 0
  trap - ERR
  set +e
  exec >&3 2>&1
  printf '\nFAILED  %s (line %s)\n' "$doing" "$1"
  tail -n 30 "$work/said" 2>/dev/null
  [ -z "$namespace" ] || describe
  exit 1
}

describe() { # the namespace that it is about
  local pod
  printf '\n-- %s\n' "$namespace"
  k get pods,pvc -o wide
  for pod in $(k get pods -o name); do
    printf '\n-- %s\n' "$pod"
    k describe "$pod" | sed -n '/^Events:/,$p'
    k logs "$pod" --tail 25
  done
}

clean_up() {
  local status=$?
  trap - ERR EXIT
  touch "$work/closed" 2>/dev/null || true
  "$infra/cluster" down || status=1
  rm -rf "$work"
  exit "$status"
}
