# The same program on PostgreSQL, whose absence it waits out.

postgres() {
  new_namespace postgres
  "$infra/cluster" volume postgres
  k create secret generic postgres --from-literal "password=$(openssl rand -base64 24)" >"$work/said"
  check 'postgres: applied and ready' applied_and_ready postgres
  check 'postgres: stock comes in through the Service' opening_stock
  check 'postgres: an order from a pod that finds the shop by name is completed' order_from_a_pod
  customers_come
  check 'postgres: customers are served' more_are_acknowledged 50
  check 'postgres: the database is deleted in the middle of the load; another is ready' pod_is_deleted postgres-0
  check 'postgres: customers are served again' more_are_acknowledged 50
  check 'postgres: the database is killed without notice; another is ready' pod_is_deleted postgres-0 --grace-period 0 --force
  check 'postgres: customers are served again' more_are_acknowledged 50
  check 'postgres: the program is deleted; another is ready' pod_is_deleted outrigger-0
  check 'postgres: customers are served again' more_are_acknowledged 50
  check 'postgres: the database is taken away: the program waits, unready, and says so' database_taken_away
  check 'postgres: nothing is acknowledged meanwhile' nothing_is_acknowledged
  check 'postgres: the database comes back, the program serves again' database_comes_back
  check 'postgres: customers are served again' more_are_acknowledged 50
  check 'postgres: the customers leave' customers_leave
  check 'postgres: every acknowledged order is there and has ended' all_end
  check 'postgres: the audit is clean' books_are_right
  check 'postgres: memory' memory outrigger-0 outrigger
  check 'postgres: diff finds nothing' unchanged postgres
  check 'postgres: no warnings' quiet
}

ready() { # pod, "True" or "False"
  [ "$(k get pod "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = "$2" ]
}

restarts() { k get pod outrigger-0 -o 'jsonpath={.metadata.uid} {.status.containerStatuses[0].restartCount}'; }

database_taken_away() {
  before="$(restarts)"
  k scale statefulset/postgres --replicas 0
  until_so 30 ready outrigger-0 False
  k logs outrigger-0 --since 30s | tee "$work/log" | tail -n 20
  grep -q 'postgres://outrigger@postgres' "$work/log"
}

nothing_is_acknowledged() {
  local count
  count="$(acknowledged)"
  # Long enough for what was under way when the database went.
  sleep 3
  [ "$(acknowledged)" = "$count" ]
}

database_comes_back() {
  apply postgres
  rolled_out statefulset/postgres
  until_so 30 ready outrigger-0 True
  [ "$(restarts)" = "$before" ]
}
