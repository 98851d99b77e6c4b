# A lane: frames come in on standard input, one answer goes out for each.
#
# A frame is one line, base64 of UTF-8 JSON: {id, verb, notAfter, args}. It is
# data and nothing else; no part of it is ever run. An answer is one line,
#   LB1 <id> <base64 of UTF-8 JSON {ok, value, error, before, after, acting, clock}>

# The verbs a frame may ask for, and the function each one is.
$LaneVerbs = @{
    'hello'              = 'Get-Hello'
    'info'               = 'Get-HostInfo'
    'find'               = 'Get-MachineByName'
    'list'               = 'Get-MachineList'
    'read'               = 'Get-Machine'
    'read-state'         = 'Get-MachineState'
    'stop'               = 'Invoke-Stop'
    'turn-off'           = 'Invoke-TurnOff'
    'start'              = 'Invoke-Start'
    'set-auto-start'     = 'Invoke-SetAutoStart'
    'set-test-network'   = 'Invoke-SetTestNetwork'
    'start-test'         = 'Invoke-StartTest'
    'stop-test'          = 'Invoke-StopTest'
    'prepare'            = 'Invoke-Prepare'
    'fail-over'          = 'Invoke-FailOver'
    'reverse'            = 'Invoke-Reverse'
    'complete'           = 'Invoke-Complete'
    'cancel-failover'    = 'Invoke-CancelFailover'
    'become-replica'     = 'Invoke-BecomeReplica'
}

function Enter-Lane {
    while ($true) {
        $line = [Console]::In.ReadLine()
        if ($null -eq $line) {
            return
        }
        [Console]::Out.WriteLine((Invoke-Frame $line))
    }
}

function Invoke-Frame {
    param([string]$Line)
    $id = '-'
    $answer = @{ ok = $false; value = $null; error = $null; before = $null; after = $null; acting = $false; clock = '' }
    # What this frame has seen and done so far; the verb keeps it up to date.
    $look = @{ notAfter = [int64]0; machine = $null; whole = $false; before = $null; acting = $false; refusal = $null }
    try {
        $json = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Line))
        $request = ConvertFrom-Json -InputObject $json
        $id = [string]($request.id)
        $look.notAfter = [int64]($request.notAfter)
        Assert-InTime $look
        $function = $LaneVerbs[[string]($request.verb)]
        if ($null -eq $function) {
            Deny-Request $look 'no-such-verb' 'this function library has no such verb'
        }
        $answer.value = & $function $request.args $look
        $answer.ok = $true
    }
    catch {
        $answer.error = ConvertTo-Failure $_ $look
        if ($look.acting) {
            $answer.after = Read-Again $look
        }
        $answer.before = $look.before
    }
    $answer.acting = $look.acting
    $answer.clock = Get-Clock
    $json = ConvertTo-Json -InputObject $answer -Compress -Depth 12
    'LB1 ' + $id + ' ' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json))
}

# An error as data. FullyQualifiedErrorId and category are the same in every
# language; the message is not and is only for people.
function ConvertTo-Failure {
    param($Record, $Look)
    if ($null -ne $Look.refusal) {
        return $Look.refusal
    }
    @{
        fqid     = [string]($Record.FullyQualifiedErrorId)
        category = [string]($Record.CategoryInfo.Category)
        message  = [string]($Record.Exception.Message)
        hresult  = [int64]($Record.Exception.HResult)
    }
}

function Get-Hello {
    param($Request, $Look)
    Import-Module -Name 'Hyper-V'
    @{ powerShell = [string]($PSVersionTable.PSVersion); library = 1 }
}

function Get-Clock {
    [DateTime]::UtcNow.ToString('o')
}
