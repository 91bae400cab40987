# All in one process on a volume.

monolith() {
  new_namespace monolith
  "$infra/cluster" volume monolith
  check 'monolith: applied and ready' applied_and_ready monolith
  check 'monolith: stock comes in through the Service' opening_stock
  check 'monolith: an order from a pod that finds the shop by name is completed' order_from_a_pod
  check 'monolith: page and metrics answer through the Service' page_and_metrics
  customers_come
  check 'monolith: customers are served' more_are_acknowledged 50
  check 'monolith: its pod is deleted in the middle of the load; another is ready' pod_is_deleted outrigger-0
  check 'monolith: customers are served again' more_are_acknowledged 50
  check 'monolith: its pod is killed without notice; another is ready' pod_is_deleted outrigger-0 --grace-period 0 --force
  check 'monolith: customers are served again' more_are_acknowledged 50
  check 'monolith: the customers leave' customers_leave
  check 'monolith: every acknowledged order is there and has ended' all_end
  check 'monolith: the audit is clean' books_are_right
  check 'monolith: memory' memory outrigger-0 outrigger
  check 'monolith: the volume keeps the books through a restart' books_survive
  check 'monolith: diff finds nothing' unchanged monolith
  # After the kill without notice: until the one before was gone, its successor ended and was tried again.
  check 'monolith: no warnings' quiet BackOff
}

page_and_metrics() {
  "$infra/cluster" inside curl --silent --fail "$(service_address outrigger 8080)" | grep -i '<html'
  "$infra/cluster" inside curl --silent --fail "$(service_address outrigger 9464)/metrics" | grep '^# TYPE'
}

books_survive() {
  books >"$work/books-before"
  k rollout restart statefulset/outrigger
  rolled_out statefulset/outrigger
  books >"$work/books-after"
  diff "$work/books-before" "$work/books-after"
  # What a restart notes on the pod is no part of the manifests.
  apply monolith
  rolled_out statefulset/outrigger
}
