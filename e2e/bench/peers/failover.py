"""A planned failover of many VMs through pywinrm, as an operator would write it:
the steps and the checks of a lifeboat run, a pool of threads, one VM after the
other in each. Reads a JSON object from standard input: user, password, ca,
threads, and vms, each with id, primary and replica (URLs of their hosts).
Ends with an error when any of them did not come through."""
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import winrm

job = json.load(sys.stdin)
POLLS = 120

LOOK = """$ErrorActionPreference = 'Stop'
$vm = Get-VM -Id %s; $r = Get-VMReplication -VM $vm
"$($vm.State) $($r.ReplicationMode) $($r.ReplicationState) $($r.ReplicationHealth)"
"""
STOP = """$ErrorActionPreference = 'Stop'
$vm = Get-VM -Id %s
if ($vm.State -ne 'Running') { throw "it is $($vm.State)" }
Stop-VM -VM $vm -Force -Confirm:$false
[string](Get-VM -Id $vm.Id).State
"""
PREPARE = """$ErrorActionPreference = 'Stop'
$vm = Get-VM -Id %s
if ((Get-VMReplication -VM $vm).ReplicationState -ne 'Replicating') { throw 'it does not replicate' }
Start-VMFailover -VM $vm -Prepare -Confirm:$false
$r = Get-VMReplication -VM $vm
"$($r.ReplicationState) $($r.LastReplicationTime.Ticks)"
"""
FAILOVER = """$ErrorActionPreference = 'Stop'
$vm = Get-VM -Id %s
if ((Get-VMReplication -VM $vm).ReplicationState -ne 'Replicating') { throw 'it does not replicate' }
Start-VMFailover -VM $vm -Confirm:$false
[string](Get-VMReplication -VM $vm).ReplicationState
"""
REVERSE = """$ErrorActionPreference = 'Stop'
$vm = Get-VM -Id %s
if ((Get-VMReplication -VM $vm).ReplicationState -ne 'FailedOverWaitingCompletion') { throw 'it is not failed over' }
Set-VMReplication -VM $vm -Reverse -Confirm:$false
$r = Get-VMReplication -VM $vm
"$($r.ReplicationMode) $($r.ReplicationState)"
"""
START = """$ErrorActionPreference = 'Stop'
$vm = Get-VM -Id %s
if ($vm.State -ne 'Off') { throw "it is $($vm.State)" }
Start-VM -VM $vm -Confirm:$false
[string](Get-VM -Id $vm.Id).State
"""
HEARTBEAT = "[string](Get-VM -Id %s -ErrorAction Stop).Heartbeat"
BACK = """$ErrorActionPreference = 'Stop'
$r = Get-VMReplication -VM (Get-VM -Id %s)
"$($r.ReplicationMode) $($r.ReplicationState) $($r.LastReplicationTime.Ticks -gt %s)"
"""


def fail_over(vm):
    def connect(url):
        return winrm.Session(url, auth=(job["user"], job["password"]), transport="ntlm", ca_trust_path=job["ca"])

    primary, replica = connect(vm["primary"]), connect(vm["replica"])

    def run(session, script, *more):
        answer = session.run_ps(script % (vm["id"], *more))
        if answer.status_code != 0:
            raise RuntimeError(answer.std_err.decode())
        return answer.std_out.decode().strip()

    def must(session, script, want):
        got = run(session, script)
        if got != want:
            raise RuntimeError("%s: %r instead of %r" % (vm["id"], got, want))

    def until(holds, session, script, *more):
        for _ in range(POLLS):
            if holds(run(session, script, *more)):
                return
            time.sleep(1)
        raise RuntimeError("%s: waited too long" % vm["id"])

    must(primary, LOOK, "Running Primary Replicating Normal")
    must(replica, LOOK, "Off Replica Replicating Normal")
    must(primary, STOP, "Off")
    state, sent = run(primary, PREPARE).split()
    if state != "PreparedForFailover":
        raise RuntimeError("%s: %s after preparing" % (vm["id"], state))
    must(replica, FAILOVER, "FailedOverWaitingCompletion")
    must(replica, REVERSE, "Primary Replicating")
    must(replica, START, "Running")
    until(lambda said: said.startswith("OkApplications"), replica, HEARTBEAT)
    until(lambda said: said == "Replica Replicating True", primary, BACK, sent)


with ThreadPoolExecutor(job["threads"]) as pool:
    for _ in pool.map(fail_over, job["vms"]):
        pass
