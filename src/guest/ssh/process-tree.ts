/** Ending a command in the guest together with everything it started. */
import { asRoot } from '../shell-words.ts';

/**
 * Finds the descendants of a process, the members of their sessions, and their descendants again until
 * nothing new turns up, then kills them; repeated because a process may fork while we look. sudo runs its
 * command in another session, so neither the session nor the process group alone is enough. Only the shell,
 * /proc and kill are needed.
 */
const SCRIPT = `
set -f
round=0
found=" $1 "
while [ $round -lt 5 ]; do
  round=$((round + 1)); grew=1; alive=
  while [ -n "$grew" ]; do
    grew=
    set +f; stats=$(echo /proc/[0-9]*/stat); set -f
    for stat in $stats; do
      pid=\${stat#/proc/}; pid=\${pid%/stat}
      { read -r line < "$stat"; } 2>/dev/null || continue
      set -- \${line##*) }
      [ "$1" = Z ] && continue
      case "$found" in
        *" $pid "*) case " $alive " in *" $pid "*) ;; *) alive="$alive $pid" ;; esac; continue ;;
      esac
      case "$found" in
        *" $2 "*|*" $4 "*) found="$found$pid "; alive="$alive $pid"; grew=1 ;;
      esac
    done
  done
  [ -z "$alive" ] && exit 0
  kill -KILL $alive 2>/dev/null
done
`;

/** The command that kills the process tree whose top is the session leader `processId`. */
export function killTreeCommand(userName: string, processId: number): string {
  return asRoot(userName, ['/bin/sh', '-c', SCRIPT, 'sh', String(processId)]);
}
