import { ASK_WAITING_DEPROVISION } from './waiting-deprovision.ts';

/**
 * The first part of generalizing: what Azure VM Image Builder runs as its hidden last customizer
 * (reference 2.5). A customizer that wrote /tmp/DeprovisioningScript.sh decides alone; otherwise the Azure
 * agent deprovisions; an image without the agent is left to the scrub that follows in every case.
 *
 * Shell variables: $user, $tag, and the function `say` of the frame.
 */
export const DEPROVISION_SCRIPT = String.raw`
${ASK_WAITING_DEPROVISION}
override=/tmp/DeprovisioningScript.sh
agent=$(command -v waagent || { [ -x /usr/sbin/waagent ] && echo /usr/sbin/waagent; })
if [ -f "$override" ]; then
  say method override
  echo "Deprovisioning with $override:"
  cat "$override"
  if [ -x "$override" ]; then "$override" 3<&-; else /bin/sh "$override" 3<&-; fi
  status=$?
  if [ $status -ne 0 ]; then say stopped "$override ended with exit code $status"; exit 1; fi
elif [ -n "$agent" ]; then
  say method waagent
  status=255
  if ask_waiting "$agent" "$tag"; then
    scrub_beside
    hear_waiting "$tag"
    status=$?
  fi
  if [ $status -eq 255 ]; then "$agent" -force -deprovision+user 3<&-; status=$?; fi
  [ $status -eq 0 ] || say warning "$agent -force -deprovision+user ended with exit code $status"
else
  say method builtin
  echo "The image has no Azure Linux agent: deprovisioning with built-in rules."
fi
`;
