# Power: stopping, turning off, starting, and what happens when the host starts.

# Stopping asks the guest to shut down and does not wait for it beyond a
# moment: the caller looks again and turns the VM off when its grace is over.
# Stop-VM without -Force waits for the guest as long as it takes and never
# turns off; with -Force it would, after five minutes of its own, and so it is
# used only when the guest refuses the plain request (its screen is locked, or
# a program will not close) and the caller wants the VM off in any case.
function Invoke-Stop {
    param($Request, $Look)
    $seen = Open-Machine $Request $Look
    if ($seen.power -ceq 'Off') {
        return New-NoChange $Look
    }
    if ($seen.power -cne 'Running' -and $seen.power -cne 'Stopping') {
        return Stop-AtOnce $Look
    }
    if ($seen.power -ceq 'Running') {
        Enter-Act $Look
        $refusal = Request-Shutdown $seen.id ([bool]($Request.force)) ([int]($Request.waitSec))
    }
    else {
        $refusal = ''
    }
    @{ acted = $Look.acting; before = $Look.before; after = (Read-Machine $seen.id); refusal = $refusal }
}

# Asks the guest to shut down and waits a moment for it. The answer is empty,
# or why the guest will not.
function Request-Shutdown {
    param([string]$Id, [bool]$Force, [int]$WaitSec)
    $job = Stop-VM -VM (Find-Machine $Id) -AsJob -Confirm:$false -ErrorAction Stop
    $refusal = Wait-Shutdown $job $WaitSec
    if ($refusal -cne '' -and $Force) {
        $job = Stop-VM -VM (Find-Machine $Id) -Force -AsJob -Confirm:$false -ErrorAction Stop
        $refusal = Wait-Shutdown $job $WaitSec
    }
    $refusal
}

function Wait-Shutdown {
    param($Job, [int]$WaitSec)
    $null = Wait-Job -Job $Job -Timeout $WaitSec
    if ([string]($Job.State) -cne 'Failed') {
        return ''
    }
    try {
        $null = Receive-Job -Job $Job -ErrorAction Stop
    }
    catch {
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
    Stop-AtOnce $Look
}

function Stop-AtOnce {
    param($Look)
    Enter-Act $Look
    $null = Stop-VM -VM (Find-Machine $Look.before.id) -TurnOff -Force -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
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
    Enter-Act $Look
    $null = Start-VM -VM (Find-Machine $seen.id) -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
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
    Enter-Act $Look
    $null = Set-VM -VM (Find-Machine $seen.id) -AutomaticStartAction $action -Confirm:$false -ErrorAction Stop
    Confirm-Effect $Look {
        param($vm)
        $vm.autoStart -ceq $action
    }
}
