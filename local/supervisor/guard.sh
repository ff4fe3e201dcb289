#!/bin/sh
# Outlives the supervisor to clean up after it: reads "add PID", "remove PID" and "done" from the supervisor's pipe.
# When the pipe closes without "done", the supervisor is dead: its children (each leading a process group) are told
# to stop, after five seconds made to, and its endpoint files ("$@") are removed if they still name it ($SUPERVISOR).
trap '' INT TERM HUP
pids=""
while read -r verb pid; do
  case $verb in
    add) pids="$pids $pid" ;;
    remove)
      kept=""
      for other in $pids; do [ "$other" = "$pid" ] || kept="$kept $other"; done
      pids=$kept
      ;;
    done) exit 0 ;;
  esac
done

for file in "$@"; do
  grep -qs "\"supervisor\": $SUPERVISOR\$" "$file" && rm -f "$file"
done
for pid in $pids; do kill -s TERM "$pid" 2>/dev/null; done
waited=0
while [ "$waited" -lt 50 ]; do
  alive=""
  for pid in $pids; do kill -s 0 "$pid" 2>/dev/null && alive="$alive $pid"; done
  [ -z "$alive" ] && break
  sleep 0.1
  waited=$((waited + 1))
done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
exit 0
