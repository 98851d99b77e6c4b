# Power: stopping, turning off, starting, and what happens when the host starts.

# Asks the guest to shut down and waits for it only a moment: the caller looks
# again, and turns the VM off when its grace is over. Stop-VM without -Force
# waits for the guest and never turns off. With -Force it would, after five
# minutes of its own; that is used only when the guest refuses the plain request
# (its screen is locked, say) and the caller wants the VM off in any case.
function Invoke-Stop {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.power -ceq 'Off') {
        return New-NoChange $Look
    }
    Assert-Settled $Look @('Running', 'Stopping', 'Saved', 'Paused')
    if ($seen.power -ceq 'Saved' -or $seen.power -ceq 'Paused') {
        return Stop-AtOnce $Look
    }
    Assert-InTime $Look
    $Look.acting = $true
    $refusal = Request-Shutdown $Look.machine ([int]($Request.waitSec)) $false
    if ($refusal -cne '' -and [bool]($Request.force)) {
        $refusal = Request-Shutdown $Look.machine ([int]($Request.waitSec)) $true
    }
    @{ acted = $true; before = $Look.before; after = (Read-Machine $seen.id $Look.whole); refusal = $refusal }
}

# Empty when the guest was asked; else why it will not shut down.
function Request-Shutdown {
    param($Machine, [int]$WaitSec, [bool]$Force)
    $job = Stop-VM -VM $Machine -Force:$Force -AsJob -Confirm:$false -ErrorAction Stop
    $null = Wait-Job -Job $job -Timeout $WaitSec
    if ([string]($job.State) -cne 'Failed') {
        return ''
    }
    try {
        $null = Receive-Job -Job $job -ErrorAction Stop
    }
    catch {
        $code = ([string]($_.FullyQualifiedErrorId) -split ',')[0]
        if (@('AccessDenied', 'ObjectNotFound', 'ObjectInUse', 'InvalidParameter', 'InvalidState') -ccontains $code) {
            throw
        }
        return [string]($_.Exception.Message)
    }
    'the guest does not shut down'
}

function Invoke-TurnOff {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.power -ceq 'Off') {
        return New-NoChange $Look
    }
    Assert-Settled $Look @('Running', 'Stopping', 'Saved', 'Paused')
    Stop-AtOnce $Look
}

function Stop-AtOnce {
    param($Look)
    Invoke-Act $Look {
        Stop-VM -VM $Look.machine -TurnOff -Force -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        $vm.power -ceq 'Off'
    }
}

function Invoke-Start {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.power -ceq 'Running') {
        return New-NoChange $Look
    }
    Assert-Startable $Look
    Assert-Settled $Look @('Off', 'Saved', 'Paused')
    Invoke-Act $Look {
        Start-VM -VM $Look.machine -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        $vm.power -ceq 'Running'
    }
}

# Hyper-V refuses these too, with a text and no code of its own.
function Assert-Startable {
    param($Look)
    $replication = $Look.before.replication
    if ($replication.mode -ceq 'Replica' -or $replication.mode -ceq 'ExtendedReplica') {
        Assert-State $Look @('FailedOverWaitingCompletion', 'FailedOver')
    }
    if ($replication.state -ceq 'PreparedForFailover') {
        Deny-Request $Look 'wrong-state' 'the VM is prepared for failover; cancel that first'
    }
}

function Invoke-SetAutoStart {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    $action = [string]($Request.action)
    if ($seen.autoStart -ceq $action) {
        return New-NoChange $Look
    }
    Invoke-Act $Look {
        Set-VM -VM $Look.machine -AutomaticStartAction $action -Confirm:$false -ErrorAction Stop
    } {
        param($vm)
        $vm.autoStart -ceq $action
    }
}
