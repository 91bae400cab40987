# A setting that is out of range: the pod's log says which, where it came from and what to do. Corrected, it heals by itself.

settings() {
  new_namespace settings
  "$infra/cluster" volume settings
  mkdir "$work/mistaken"
  cat >"$work/mistaken/kustomization.yaml" <<YAML
resources: [$(realpath --relative-to "$work/mistaken" "$(overlay monolith)")]
configMapGenerator:
  - name: outrigger
    behavior: merge
    literals: [OUTRIGGER_PORT=99999]
YAML
  check 'a port of 99999 ends the program' mistaken_setting
  check 'its log names the setting, the value and what to do' told_in_the_log
  check 'corrected, the pod is replaced without a hand' corrected
  check 'all of it can be removed' k delete -k "$(overlay monolith)" --timeout 60s
}

mistaken_setting() {
  k apply -k "$work/mistaken"
  until_so 30 has_ended
}

has_ended() {
  [ "$(k get pod outrigger-0 -o 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}{.status.containerStatuses[0].lastState.terminated.exitCode}')" = 2 ]
}

told_in_the_log() {
  k logs outrigger-0 | tee "$work/log"
  note "$(head -1 "$work/log" | cut -c 1-160)"
  grep -q OUTRIGGER_PORT "$work/log"
  grep -q 99999 "$work/log"
  grep -q 65535 "$work/log"
}

corrected() {
  apply monolith
  rolled_out statefulset/outrigger
}
