# Test failover: a duplicate of the replica, made and removed on the replica's
# host alone. Replication goes on.

# Every adapter of the VM gets a switch for its test VM: the one named for it,
# or none.
function Invoke-SetTestNetwork {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    Assert-AdapterNames $Look @($Request.switches)
    Assert-SwitchNames $Look @($Request.switches)
    $machine = Find-Machine $seen.id
    foreach ($adapter in @(Get-VMNetworkAdapter -VM $machine -ErrorAction Stop)) {
        $wanted = Select-TestSwitch ([string]($adapter.Name)) @($Request.switches)
        if (-not ([string]($adapter.TestReplicaSwitchName)).Equals($wanted)) {
            Enter-Act $Look
            $null = Set-VMNetworkAdapter -VMNetworkAdapter $adapter -TestReplicaSwitchName $wanted -Confirm:$false -ErrorAction Stop
        }
    }
    if (-not $Look.acting) {
        return New-NoChange $Look
    }
    $switches = @($Request.switches)
    Confirm-Effect $Look {
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
            Deny-Request $Look 'no-such-switch' ('this host has no virtual switch named "' + [string]($one.switch) + '"')
        }
    }
}

function Invoke-StartTest {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($null -ne $seen.testVM) {
        return New-NoChange $Look
    }
    Assert-Mode $Look @('Replica', 'ExtendedReplica')
    Assert-State $Look @('Replicating', 'Suspended')
    Assert-Power $Look @('Off')
    Assert-Replicated $Look
    $machine = Find-Machine $seen.id
    $point = Select-RecoveryPoint $Look $machine ([string]($Request.point))
    Enter-Act $Look
    if ($null -eq $point) {
        $null = Start-VMFailover -VM $machine -AsTest -Confirm:$false -ErrorAction Stop
    }
    else {
        $null = Start-VMFailover -VMRecoverySnapshot $point -AsTest -Confirm:$false -ErrorAction Stop
    }
    Confirm-Effect $Look {
        param($vm)
        $null -ne $vm.testVM
    }
}

# The recovery point of this id; null when none is asked for, which means the
# latest data. A point may go at any time, so it is looked up here and now.
function Select-RecoveryPoint {
    param($Look, $Machine, [string]$Id)
    if ($Id -ceq '') {
        return $null
    }
    $kinds = @('Replica', 'AppConsistentReplica', 'SyncedReplica')
    foreach ($point in @(Get-VMSnapshot -VM $Machine -ErrorAction Stop)) {
        if (([string]($point.Id)).ToLowerInvariant() -ceq $Id -and $kinds -ccontains [string]($point.SnapshotType)) {
            return $point
        }
    }
    Deny-Request $Look 'no-such-recovery-point' 'the replica has no recovery point with this id'
}

function Invoke-StopTest {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($null -eq $seen.testVM) {
        return New-NoChange $Look
    }
    Enter-Act $Look
    $null = Stop-VMFailover -VM (Find-Machine $seen.id) -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
        param($vm)
        $null -eq $vm.testVM
    }
}
