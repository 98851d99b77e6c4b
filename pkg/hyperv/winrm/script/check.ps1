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

# The last thing before an effect. Once acting, a verb goes on to its end.
function Enter-Act {
    param($Look)
    if (-not $Look.acting) {
        Assert-InTime $Look
        $Look.acting = $true
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

# What an ensure answers after acting. The effect must be seen; a few looks
# are taken because some of it shows a moment after the cmdlet has returned.
function Confirm-Effect {
    param($Look, [scriptblock]$Seen)
    for ($attempt = 1; $true; $attempt++) {
        $after = Read-Machine $Look.before.id
        if (& $Seen $after) {
            return @{ acted = $true; before = $Look.before; after = $after }
        }
        if ($attempt -ge 5) {
            Deny-Request $Look 'effect-missing' 'the cmdlet succeeded but its effect is not to be seen'
        }
        Start-Sleep -Milliseconds 500
    }
}
