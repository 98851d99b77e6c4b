# What a verb checks before it acts, and after. A check that fails ends the
# verb with one of lifeboat's own codes and nothing done.

function Deny-Request {
    param($Look, [string]$Code, [string]$Message)
    $Look.refusal = @{ fqid = $Code; category = ''; message = $Message; hresult = [int64]0 }
    throw 'refused'
}

# The time by which the request must begin, in ticks of this host's own clock;
# 0 means any time.
function Assert-InTime {
    param($Look)
    if ($Look.notAfter -ne 0 -and [DateTime]::UtcNow.Ticks -gt $Look.notAfter) {
        Deny-Request $Look 'too-late' 'the request arrived after the time by which it had to begin; nothing was done'
    }
}

function Assert-Mode {
    param($Look, [string[]]$Accepted)
    $mode = $Look.before.replication.mode
    if ($Accepted -cnotcontains $mode) {
        Deny-Request $Look 'wrong-state' ('replication mode is ' + $mode + ', must be ' + ($Accepted -join ' or '))
    }
}

function Assert-State {
    param($Look, [string[]]$Accepted)
    $state = $Look.before.replication.state
    if ($Accepted -cnotcontains $state) {
        Deny-Request $Look 'wrong-state' ('replication state is ' + $state + ', must be ' + ($Accepted -join ' or '))
    }
}

function Assert-Power {
    param($Look, [string[]]$Accepted)
    $power = $Look.before.power
    if ($Accepted -cnotcontains $power) {
        Deny-Request $Look 'wrong-state' ('power state is ' + $power + ', must be ' + ($Accepted -join ' or '))
    }
}

# A VM on its way to another power state is worth another try; Hyper-V's own
# code for that is ObjectInUse.
function Assert-Settled {
    param($Look, [string[]]$Accepted)
    if ($Accepted -cnotcontains $Look.before.power) {
        Deny-Request $Look 'ObjectInUse' ('its power state is ' + $Look.before.power)
    }
}

function Assert-NoTestVM {
    param($Look)
    $test = $Look.before.testVM
    if ($null -ne $test) {
        Deny-Request $Look 'test-vm-present' ('test VM ' + $test.id + ' is in the way; stop the test failover first')
    }
}

function Assert-Replicated {
    param($Look)
    if ($null -eq $Look.before.replication.lastReplication) {
        Deny-Request $Look 'wrong-state' 'nothing has been replicated yet'
    }
}

# What an ensure answers when the effect was there already.
function New-NoChange {
    param($Look)
    @{ acted = $false; before = $Look.before; after = $Look.before }
}

# Acts, and looks whether the effect is there. An act that fails with its
# effect there nonetheless has not failed. The blocks see the caller's variables
# except those that are called as one here, whatever the case.
function Invoke-Act {
    param($Look, [scriptblock]$DoIt, [scriptblock]$IsThere)
    Assert-InTime $Look
    $Look.acting = $true
    try {
        $null = & $DoIt
    }
    catch {
        $after = Read-Again $Look
        if ($null -ne $after -and $after.present -and (& $IsThere $after)) {
            return @{ acted = $false; before = $Look.before; after = $after }
        }
        throw
    }
    Confirm-Effect $Look $IsThere
}

# Only an effect that is seen counts. A few looks are taken, because some of it
# shows a moment after the cmdlet has returned.
function Confirm-Effect {
    param($Look, [scriptblock]$IsThere)
    for ($attempt = 1; $true; $attempt++) {
        $after = Read-Machine $Look.before.id $Look.whole
        if ($after.present -and (& $IsThere $after)) {
            return @{ acted = $true; before = $Look.before; after = $after }
        }
        if ($attempt -ge 5) {
            Deny-Request $Look 'effect-missing' 'the host reported success, but what it was asked for is not to be seen'
        }
        Start-Sleep -Milliseconds 500
    }
}

# After an act that failed: the VM as it is now, so that the caller need not
# guess whether something happened. Null when it cannot be read.
function Read-Again {
    param($Look)
    if ($null -eq $Look.before) {
        return $null
    }
    try {
        return (Read-Machine $Look.before.id $Look.whole)
    }
    catch {
        return $null
    }
}
