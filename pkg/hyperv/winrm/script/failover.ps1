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
    Invoke-Act $Look {
        Start-VMFailover -VM $Look.machine -Prepare -Confirm:$false -ErrorAction Stop
    } {
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
    Assert-CanFailOver $Look @('Replicating', 'Resynchronizing', 'Suspended', 'WaitingForUpdateCompletion')
    $point = Select-RecoveryPoint $Look ([string]($Request.point))
    Invoke-Act $Look {
        if ($null -eq $point) {
            Start-VMFailover -VM $Look.machine -Confirm:$false -ErrorAction Stop
        }
        else {
            Start-VMFailover -VMRecoverySnapshot $point -Confirm:$false -ErrorAction Stop
        }
    } {
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
    $server = [string]($Request.server)
    if (Test-PrimaryTo $seen $server) {
        return New-NoChange $Look
    }
    Assert-Mode $Look @('Replica', 'ExtendedReplica')
    Assert-State $Look @('FailedOverWaitingCompletion', 'FailedOver')
    if ($null -ne $seen.extended) {
        Deny-Request $Look 'wrong-state' 'its extended replication must be removed first'
    }
    $settings = Get-ReverseSettings $Request
    Invoke-Act $Look {
        Set-VMReplication -VM $Look.machine -Reverse @settings -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        Test-PrimaryTo $vm $server
    }
}

# Server names are compared as DNS does.
function Test-PrimaryTo {
    param($Machine, [string]$Server)
    $replication = $Machine.replication
    $replication.mode -ceq 'Primary' -and ($Server -ceq '' -or $replication.replicaServer -ieq $Server)
}

function Get-ReverseSettings {
    param($Request)
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
    $settings
}

function Invoke-Complete {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.replication.state -ceq 'FailedOver') {
        return New-NoChange $Look
    }
    Assert-State $Look @('FailedOverWaitingCompletion')
    Invoke-Act $Look {
        Complete-VMFailover -VM $Look.machine -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        $vm.replication.state -ceq 'FailedOver'
    }
}

# Stop-VMFailover removes a test VM first when there is one, and a completed
# failover cannot be taken back.
function Invoke-CancelFailover {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    Assert-Mode $Look @('Primary', 'Replica', 'ExtendedReplica')
    if (-not (Test-FailoverPending $seen)) {
        return New-NoChange $Look
    }
    Assert-NoTestVM $Look
    if ($seen.replication.state -ceq 'FailedOver') {
        Deny-Request $Look 'wrong-state' 'the failover is complete and cannot be taken back'
    }
    Assert-Power $Look @('Off')
    Invoke-Act $Look {
        Stop-VMFailover -VM $Look.machine -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        -not (Test-FailoverPending $vm)
    }
}

function Test-FailoverPending {
    param($Machine)
    @('FailedOverWaitingCompletion', 'FailedOver', 'PreparedForFailover', 'RecoveryInProgress') -ccontains $Machine.replication.state
}

function Invoke-BecomeReplica {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if (Test-PlainReplica $seen) {
        return New-NoChange $Look
    }
    Assert-Mode $Look @('Primary')
    Assert-Power $Look @('Off', 'Saved')
    $settings = Get-AsReplicaSettings $seen.replication.replicaServer
    Invoke-Act $Look {
        if ($seen.power -ceq 'Saved') {
            Remove-VMSavedState -VM $Look.machine -Confirm:$false -ErrorAction Stop
        }
        Set-VMReplication -VM $Look.machine -AsReplica @settings -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        Test-PlainReplica $vm
    }
}

function Test-PlainReplica {
    param($Machine)
    $Machine.replication.mode -ceq 'Replica' -and -not (Test-FailedOver $Machine)
}

# Becoming a replica needs an authorization entry on this host that admits the
# new primary: the one for any server, which need not be named, or its own.
function Get-AsReplicaSettings {
    param([string]$Primary)
    $settings = @{ AllowedPrimaryServer = $Primary }
    foreach ($entry in @(Get-VMReplicationAuthorizationEntry -ErrorAction Stop)) {
        $allowed = [string]($entry.AllowedPrimaryServer)
        if ($allowed -ceq '*') {
            return @{}
        }
        if (Test-Admits $allowed $Primary) {
            $settings['AllowedPrimaryServer'] = $allowed
        }
    }
    $settings
}

# An entry names a server in full, or any server of a domain: *.corp.example.
function Test-Admits {
    param([string]$Entry, [string]$Server)
    if ($Entry -ieq $Server) {
        return $true
    }
    $dot = $Server.IndexOf('.')
    $dot -ge 0 -and $Entry -ieq ('*' + $Server.Substring($dot))
}
