# The monolith and Jaeger: an order is one trace.

traced() {
  namespace=monolith
  check 'traced: Jaeger is added, the program told of it' jaeger_is_added
  check 'traced: an order from a pod is completed' order_from_a_pod
  check 'traced: Jaeger finds it as one trace through all services' until_so 20 one_trace
  check 'traced: diff finds nothing' unchanged traced
  check 'traced: no warnings' quiet BackOff
}

jaeger_is_added() {
  apply traced
  rolled_out deployment/jaeger
  rolled_out statefulset/outrigger
}

one_trace() {
  local order
  order="$(jq -r .order_id "$work/order.json")"
  "$infra/cluster" inside curl --silent --fail --get "$(service_address jaeger 16686)/api/traces" \
    --data service=orders --data-urlencode "tags={\"outrigger.order.id\":\"$order\"}" >"$work/traces.json"
  note "$(jq -r '.data[0] | "\(.spans | length) spans of \([.processes[].serviceName] | unique | join(", "))"' "$work/traces.json")"
  jq -e '(.data | length) == 1
    and (["orders", "payments", "inventory", "shipping", "notifications", "dashboard"] - [.data[0].processes[].serviceName]) == []' \
    "$work/traces.json"
}
