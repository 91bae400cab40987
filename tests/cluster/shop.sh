# A shop in a namespace, and what is done to it. Sourced by tests/cluster/run; `namespace` says which shop is meant.

namespace=''

k() { "$infra/cluster" kubectl --namespace "$namespace" "$@"; }

new_namespace() { # one that lets no pod in which asks for more than `restricted` gives
  namespace=$1
  k create namespace "$1" >"$work/said"
  k label namespace "$1" pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted >"$work/said"
}

overlay() { echo "$root/k8s/overlays/$1"; }

apply() { k apply --validate=strict --warnings-as-errors -k "$(overlay "$1")"; }

rolled_out() { k rollout status "$1" --timeout "${2:-60}s"; }

applied_and_ready() {
  apply "$1"
  rolled_out statefulset/outrigger
}

unchanged() { # nothing that the server made of it differs from what was applied
  k diff -k "$(overlay "$1")"
}

service_address() { echo "http://$(k get service "$1" -o "jsonpath={.spec.clusterIP}"):$2"; }

shop() { # a command of the program, from the node, through the Service
  "$infra/cluster" inside "$program" "$@" --endpoint "$(service_address outrigger 50051)"
}

opening_stock() { # comes with a feed of one order
  cat >"$work/feed.csv" <<CSV
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,LANTERN,Storm lantern,100000,2026-01-01T10:00:00,45.00,1,United Kingdom
CSV
  shop replay "$work/feed.csv" --stock-percent 200
}

pod_says() { # a command of the program in a pod of its own, which finds the shop by name
  local name=$1
  shift
  k run "$name" --image "$(image outrigger)" --restart Never --overrides '{"spec": {
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [{"name": "'"$name"'", "image": "'"$(image outrigger)"'", "args": ['"$(printf '"%s",' "$@" | sed 's/,$//')"'],
      "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}}' >&2
  k wait "pod/$name" --for 'jsonpath={.status.phase}=Succeeded' --timeout 30s >&2
  k logs "$name"
  k delete pod "$name" --wait=false >&2
}

image() { # as the manifests name it
  k get statefulset "$1" -o 'jsonpath={.spec.template.spec.containers[0].image}'
}

order_from_a_pod() {
  pod_says customer order place --endpoint http://outrigger:50051 --customer 1 --line LANTERN=2@45.00 -o json >"$work/order.json"
  until_so 20 completed "$(jq -r .order_id "$work/order.json")"
}

completed() {
  [ "$(shop order get "$1" -o json | jq -r .state)" = COMPLETED ]
}

# --- under load

customers_come() { # they note in $load what was acknowledged
  load="$work/load-$namespace-$RANDOM"
  mkdir "$load"
  touch "$load/acknowledged" "$load/unanswered"
  "$infra/cluster" inside "$here/customers" "$program" "$(service_address outrigger 50051)" "$load" 3 &
  customers=$!
}

acknowledged() { wc -l <"$load/acknowledged"; }

more_are_acknowledged() { # how many more
  local enough=$(($(acknowledged) + $1))
  until_so 60 at_least "$enough"
}

at_least() { [ "$(acknowledged)" -ge "$1" ]; }

customers_leave() {
  touch "$load/closed"
  wait "$customers"
  note "$(acknowledged) acknowledged, $(wc -l <"$load/unanswered") unanswered"
}

uid() { k get pod "$1" -o 'jsonpath={.metadata.uid}' 2>/dev/null; }

another_is_ready() { # pod, and the uid of the one before
  local now
  now="$(k get pod "$1" -o 'jsonpath={.metadata.uid} {.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" || return
  [[ $now == *' True' && $now != "$2 "* ]]
}

pod_is_deleted() { # pod, and how; another takes its place
  local pod=$1 before
  shift
  before="$(uid "$pod")"
  k delete pod "$pod" "$@"
  until_so 90 another_is_ready "$pod" "$before"
}

all_end() { # every order, acknowledged or not, comes to an end
  until_so 60 none_is_open
  shop order list --limit 1000000 -o json | jq -r '.[].order_id' | sort >"$load/there"
  sort "$load/acknowledged" | comm -23 - "$load/there" >"$load/lost"
  note "$(wc -l <"$load/there") orders"
  [ ! -s "$load/lost" ] || { echo 'acknowledged and lost:'; cat "$load/lost"; return 1; }
}

none_is_open() {
  local open='[.[] | select(.state | IN("COMPLETED", "REFUNDED", "CANCELLED", "DECLINED", "OUT_OF_STOCK") | not)] | length'
  [ "$(shop order list --limit 1000000 -o json | jq "$open")" = 0 ]
}

books_are_right() {
  shop audit -o json >"$work/audit.json"
  note "$(jq -r '"\(.judged) of \(.orders) orders judged"' "$work/audit.json")"
  jq -e '.clean and .judged == .orders' "$work/audit.json"
}

books() { shop audit -o json | jq -S '{orders, states, money, rows}'; }

quiet() { # no warning, but of probes that came while a pod started or ended, and of what is named
  k get events --field-selector type=Warning -o json | jq -r --args '.items[] | select(.reason | IN("Unhealthy", $ARGS.positional[]) | not)
    | "\(.involvedObject.name) \(.reason): \(.message)"' "$@" >"$work/warnings"
  cat "$work/warnings"
  [ ! -s "$work/warnings" ]
}

memory() { # the most that the program in a pod has used, and uses now
  local uid process
  uid="$(uid "$1")"
  for process in $(grep -ls "pod$uid" /proc/[0-9]*/cgroup | cut -d/ -f3); do
    [ "$(cat "/proc/$process/comm")" = "$2" ] || continue
    note "$(awk '/^VmHWM|^VmRSS/ { printf "%s %d MiB ", $1, $2 / 1024 }' "/proc/$process/status")"
  done
}
