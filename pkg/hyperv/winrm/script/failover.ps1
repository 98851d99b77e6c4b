# Failover: preparing the primary, failing over the replica, and what follows.

function Invoke-Prepare {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.replication.state -ceq 'PreparedForFailover') {
        return New-NoChange $Look
    }
    Assert-Mode $Look @('Primary')
    Assert-State $Look @('Replicating')
    Assert-Power $Look @('Off')
    Enter-Act $Look
    $null = Start-VMFailover -VM (Find-Machine $seen.id) -Prepare -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
        param($vm)
        $vm.replication.state -ceq 'PreparedForFailover'
    }
}

function Invoke-FailOver {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if (Test-FailedOver $seen) {
        return New-NoChange $Look
    }
    Assert-Mode $Look @('Replica', 'ExtendedReplica')
    Assert-State $Look @('Replicating', 'Resynchronizing', 'Suspended', 'WaitingForUpdateCompletion')
    Assert-Power $Look @('Off')
    Assert-Replicated $Look
    Assert-NoTestVM $Look
    $machine = Find-Machine $seen.id
    $point = Select-RecoveryPoint $Look $machine ([string]($Request.point))
    Enter-Act $Look
    if ($null -eq $point) {
        $null = Start-VMFailover -VM $machine -Confirm:$false -ErrorAction Stop
    }
    else {
        $null = Start-VMFailover -VMRecoverySnapshot $point -Confirm:$false -ErrorAction Stop
    }
    Confirm-Effect $Look {
        param($vm)
        Test-FailedOver $vm
    }
}

function Test-FailedOver {
    param($Machine)
    @('FailedOverWaitingCompletion', 'FailedOver') -ccontains $Machine.replication.state
}

# Reversing names the new replica server; what is not named stays as stored.
function Invoke-Reverse {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.replication.mode -ceq 'Primary') {
        return New-NoChange $Look
    }
    Assert-Mode $Look @('Replica', 'ExtendedReplica')
    Assert-State $Look @('FailedOverWaitingCompletion', 'FailedOver')
    $settings = @{}
    if ([string]($Request.server) -cne '') {
        $settings['ReplicaServerName'] = [string]($Request.server)
    }
    if ([int]($Request.port) -ne 0) {
        $settings['ReplicaServerPort'] = [int]($Request.port)
    }
    if ([string]($Request.authentication) -cne '') {
        $settings['AuthenticationType'] = [string]($Request.authentication)
    }
    if ([string]($Request.thumbprint) -cne '') {
        $settings['CertificateThumbprint'] = [string]($Request.thumbprint)
    }
    Enter-Act $Look
    $null = Set-VMReplication -VM (Find-Machine $seen.id) -Reverse @settings -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
        param($vm)
        $vm.replication.mode -ceq 'Primary'
    }
}

function Invoke-Complete {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.replication.state -ceq 'FailedOver') {
        return New-NoChange $Look
    }
    Assert-State $Look @('FailedOverWaitingCompletion')
    Enter-Act $Look
    $null = Complete-VMFailover -VM (Find-Machine $seen.id) -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
        param($vm)
        $vm.replication.state -ceq 'FailedOver'
    }
}

# Stop-VMFailover removes a test VM first when there is one, and a completed
# failover cannot be taken back.
function Invoke-CancelFailover {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    $pending = @('FailedOverWaitingCompletion', 'PreparedForFailover', 'RecoveryInProgress')
    if ($seen.replication.state -ceq 'FailedOver') {
        Deny-Request $Look 'wrong-state' 'the failover is complete and cannot be taken back'
    }
    Assert-NoTestVM $Look
    if ($pending -cnotcontains $seen.replication.state) {
        return New-NoChange $Look
    }
    Assert-Power $Look @('Off')
    Enter-Act $Look
    $null = Stop-VMFailover -VM (Find-Machine $seen.id) -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
        param($vm)
        $pending -cnotcontains $vm.replication.state
    }
}

function Invoke-BecomeReplica {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.replication.mode -ceq 'Replica') {
        return New-NoChange $Look
    }
    Assert-Mode $Look @('Primary')
    Assert-Power $Look @('Off', 'Saved')
    $machine = Find-Machine $seen.id
    Enter-Act $Look
    if ($seen.power -ceq 'Saved') {
        $null = Remove-VMSavedState -VM $machine -Confirm:$false -ErrorAction Stop
    }
    $null = Set-VMReplication -VM $machine -AsReplica -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
        param($vm)
        $vm.replication.mode -ceq 'Replica'
    }
}
