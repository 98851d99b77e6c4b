# Test failover: a duplicate of the replica, made and removed on the replica's
# host alone. Replication goes on.

# Every adapter of the VM gets a switch for its test VM: the one named for it,
# or none.
function Invoke-SetTestNetwork {
    param($Request, $Look)
    $Look.whole = $true
    $seen = Open-Machine $Request $Look
    $switches = @($Request.switches)
    Assert-AdapterNames $Look $switches
    if (Test-TestNetwork $seen $switches) {
        return New-NoChange $Look
    }
    Assert-SwitchNames $Look $switches
    Invoke-Act $Look {
        foreach ($adapter in @(Get-VMNetworkAdapter -VM $Look.machine -ErrorAction Stop)) {
            $wanted = Select-TestSwitch ([string]($adapter.Name)) $switches
            if (-not ([string]($adapter.TestReplicaSwitchName)).Equals($wanted)) {
                Set-VMNetworkAdapter -VMNetworkAdapter $adapter -TestReplicaSwitchName $wanted -Confirm:$false -ErrorAction Stop
            }
        }
    } {
        param($vm)
        Test-TestNetwork $vm $switches
    }
}

function Select-TestSwitch {
    param([string]$Adapter, $Switches)
    foreach ($one in @($Switches)) {
        if (([string]($one.adapter)).Equals($Adapter)) {
            return [string]($one.switch)
        }
    }
    ''
}

function Test-TestNetwork {
    param($Machine, $Switches)
    foreach ($adapter in @($Machine.adapters)) {
        if (-not $adapter.testSwitchName.Equals((Select-TestSwitch $adapter.name $Switches))) {
            return $false
        }
    }
    $true
}

function Assert-AdapterNames {
    param($Look, $Switches)
    foreach ($one in @($Switches)) {
        $known = $false
        foreach ($adapter in @($Look.before.adapters)) {
            if ($adapter.name.Equals([string]($one.adapter))) {
                $known = $true
            }
        }
        if (-not $known) {
            Deny-Request $Look 'no-such-adapter' ('the VM has no network adapter named "' + [string]($one.adapter) + '"')
        }
    }
}

function Assert-SwitchNames {
    param($Look, $Switches)
    $names = @(Read-SwitchNames)
    foreach ($one in @($Switches)) {
        $known = ([string]($one.switch)).Equals('')
        foreach ($name in $names) {
            if ($name.Equals([string]($one.switch))) {
                $known = $true
            }
        }
        if (-not $known) {
            Deny-Request $Look 'no-such-switch' ('the host has no virtual switch named "' + [string]($one.switch) + '"')
        }
    }
}

function Invoke-StartTest {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($null -ne $seen.testVM) {
        return New-NoChange $Look
    }
    Assert-CanFailOver $Look @('Replicating', 'Suspended')
    $point = Select-RecoveryPoint $Look ([string]($Request.point))
    Invoke-Act $Look {
        if ($null -eq $point) {
            Start-VMFailover -VM $Look.machine -AsTest -Confirm:$false -ErrorAction Stop
        }
        else {
            Start-VMFailover -VMRecoverySnapshot $point -AsTest -Confirm:$false -ErrorAction Stop
        }
    } {
        param($vm)
        $null -ne $vm.testVM
    }
}

# What failing over, and doing so for a test, have in common.
function Assert-CanFailOver {
    param($Look, [string[]]$States)
    Assert-Mode $Look @('Replica', 'ExtendedReplica')
    if ($Look.before.replication.state -ceq 'RecoveryInProgress') {
        Deny-Request $Look 'ObjectInUse' 'a failover is in progress'
    }
    Assert-State $Look $States
    Assert-Replicated $Look
    Assert-Power $Look @('Off')
}

# The recovery point of this id; null when none is asked for, which means the
# latest data. A point may go at any time, so it is looked up here and now.
function Select-RecoveryPoint {
    param($Look, [string]$Id)
    if ($Id -ceq '') {
        return $null
    }
    $kinds = @('Replica', 'AppConsistentReplica', 'SyncedReplica')
    foreach ($point in @(Get-VMSnapshot -VM $Look.machine -ErrorAction Stop)) {
        if (([string]($point.Id)).ToLowerInvariant() -ceq $Id -and $kinds -ccontains [string]($point.SnapshotType)) {
            return $point
        }
    }
    Deny-Request $Look 'no-such-recovery-point' 'the replica has no recovery point with this id (any more)'
}

function Invoke-StopTest {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($null -eq $seen.testVM) {
        return New-NoChange $Look
    }
    Invoke-Act $Look {
        Stop-VMFailover -VM $Look.machine -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        $null -eq $vm.testVM
    }
}
