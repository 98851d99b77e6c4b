# Readings. Enumerations go by name, times as UTC in ISO 8601, and a VM is
# always meant by its id.

function Format-Time {
    param($Time)
    if ($null -eq $Time) {
        return $null
    }
    $Time.ToUniversalTime().ToString('o')
}

# The VM of this id, or null. A host without it answers InvalidParameter.
function Find-Machine {
    param([string]$Id)
    try {
        return (Get-VM -Id ([guid]$Id) -ErrorAction Stop)
    }
    catch {
        $code = ([string]($_.FullyQualifiedErrorId) -split ',')[0]
        if ($code -ceq 'InvalidParameter') {
            return $null
        }
        throw
    }
}

# One VM in one look. Its network adapters and recovery points are read only for
# the whole of it, because they cost cmdlets that most verbs have no use for.
function Read-Machine {
    param([string]$Id, [bool]$Whole)
    $vm = Find-Machine $Id
    if ($null -eq $vm) {
        return @{ present = $false; hostTime = (Get-Clock) }
    }
    Read-Found $Id $vm $Whole
}

function Read-Found {
    param([string]$Id, $Machine, [bool]$Whole)
    $vm = $Machine
    $mode = [string]($vm.ReplicationMode)
    $simple = New-NoReplication
    $simple.mode = $mode
    $extended = $null
    $test = $null
    $points = @()
    if ($mode -cne 'None') {
        foreach ($relationship in @(Get-VMReplication -VM $vm -ErrorAction Stop)) {
            if ([string]($relationship.ReplicationRelationshipType) -ceq 'Extended') {
                $extended = Read-Relationship $vm $relationship
            }
            else {
                $simple = Read-Relationship $vm $relationship
                $test = Read-TestVM $relationship $Whole
            }
        }
    }
    if ($Whole -and ($mode -ceq 'Replica' -or $mode -ceq 'ExtendedReplica')) {
        $points = @(Read-RecoveryPoints $vm)
    }
    $adapters = @()
    if ($Whole) {
        $adapters = @(Read-Adapters $vm)
    }
    @{
        present           = $true
        id                = $Id
        name              = [string]($vm.Name)
        power             = [string]($vm.State)
        heartbeat         = [string]($vm.Heartbeat)
        autoStart         = [string]($vm.AutomaticStartAction)
        operationalStatus = @(Read-Names $vm.OperationalStatus)
        replication       = $simple
        extended          = $extended
        recoveryPoints    = $points
        testVM            = $test
        adapters          = $adapters
        hostTime          = (Get-Clock)
    }
}

function Read-Names {
    param($Values)
    foreach ($value in @($Values)) {
        if ($null -ne $value) {
            [string]$value
        }
    }
}

function Read-Relationship {
    param($Machine, $Relationship)
    $state = [string]($Relationship.ReplicationState)
    $kind = [string]($Relationship.ReplicationRelationshipType)
    $failedOver = 'None'
    # Measure-VMReplication is expensive, and only a failed-over VM has this to tell.
    if ($state -ceq 'FailedOverWaitingCompletion' -or $state -ceq 'FailedOver') {
        foreach ($measured in @(Measure-VMReplication -VM $Machine -ReplicationRelationshipType $kind -ErrorAction Stop)) {
            $failedOver = [string]($measured.FailedOverReplicationType)
        }
    }
    @{
        mode            = [string]($Relationship.ReplicationMode)
        state           = $state
        health          = [string]($Relationship.ReplicationHealth)
        frequencySec    = [int]($Relationship.ReplicationFrequencySec)
        lastReplication = (Format-Time $Relationship.LastReplicationTime)
        lastApplied     = (Format-Time $Relationship.LastAppliedLogTime)
        failedOver      = $failedOver
        primaryServer   = [string]($Relationship.PrimaryServerName)
        replicaServer   = [string]($Relationship.ReplicaServerName)
        replicaPort     = [int]($Relationship.ReplicaServerPort)
        authentication  = [string]($Relationship.AuthenticationType)
        thumbprint      = [string]($Relationship.CertificateThumbprint)
    }
}

function Read-RecoveryPoints {
    param($Machine)
    $kinds = @('Replica', 'AppConsistentReplica', 'SyncedReplica')
    $all = @(Get-VMSnapshot -VM $Machine -ErrorAction Stop | Sort-Object -Property CreationTime)
    foreach ($point in $all) {
        $kind = [string]($point.SnapshotType)
        if ($kinds -ccontains $kind) {
            @{ id = ([string]($point.Id)).ToLowerInvariant(); name = [string]($point.Name); time = (Format-Time $point.CreationTime); type = $kind }
        }
    }
}

function Read-Adapters {
    param($Machine)
    foreach ($adapter in @(Get-VMNetworkAdapter -VM $Machine -ErrorAction Stop)) {
        @{ name = [string]($adapter.Name); switchName = [string]($adapter.SwitchName); testSwitchName = [string]($adapter.TestReplicaSwitchName) }
    }
}

function Read-TestVM {
    param($Relationship, [bool]$Whole)
    if ($null -eq $Relationship.TestVirtualMachine) {
        return $null
    }
    $id = ([string]($Relationship.TestVirtualMachine.Id)).ToLowerInvariant()
    $vm = Find-Machine $id
    if ($null -eq $vm) {
        return $null
    }
    $adapters = @()
    if ($Whole) {
        $adapters = @(Read-Adapters $vm)
    }
    @{
        id        = $id
        name      = [string]($vm.Name)
        power     = [string]($vm.State)
        heartbeat = [string]($vm.Heartbeat)
        adapters  = $adapters
    }
}

# The VM a verb is about. The verb's first look at it is kept, and so is the
# VM itself, for the cmdlets to act on.
function Open-Machine {
    param($Request, $Look)
    $id = [string]($Request.id)
    $Look.machine = Find-Machine $id
    if ($null -eq $Look.machine) {
        Deny-Request $Look 'vm-not-found' 'the host has no VM with this id'
    }
    $Look.before = Read-Found $id $Look.machine $Look.whole
    $Look.before
}

# The relationship of a VM that has none, so that checks need no special case.
function New-NoReplication {
    @{
        mode = 'None'; state = 'Disabled'; health = 'NotApplicable'; frequencySec = 0; lastReplication = $null; lastApplied = $null
        failedOver = 'None'; primaryServer = ''; replicaServer = ''; replicaPort = 0; authentication = ''; thumbprint = ''
    }
}

function Get-Machine {
    param($Request, $Look)
    Read-Machine ([string]($Request.id)) $true
}

function Get-MachineState {
    param($Request, $Look)
    Read-Machine ([string]($Request.id)) $false
}

# Names are compared ordinally, character by character: -ceq and Get-VM -Name
# would both take more than this one name.
function Get-MachineByName {
    param($Request, $Look)
    @{ ids = @(Select-IdByName ([string]($Request.name))) }
}

function Select-IdByName {
    param([string]$Name)
    foreach ($vm in @(Get-VM -ErrorAction Stop)) {
        if (([string]($vm.Name)).Equals($Name)) {
            ([string]($vm.Id)).ToLowerInvariant()
        }
    }
}

function Get-MachineList {
    param($Request, $Look)
    @{ machines = @(Read-Summaries) }
}

function Read-Summaries {
    foreach ($vm in @(Get-VM -ErrorAction Stop)) {
        @{
            id    = ([string]($vm.Id)).ToLowerInvariant()
            name  = [string]($vm.Name)
            power = [string]($vm.State)
            mode  = [string]($vm.ReplicationMode)
        }
    }
}

function Get-HostInfo {
    param($Request, $Look)
    $server = Get-VMHost -ErrorAction Stop
    $module = ''
    foreach ($one in @(Get-Module -Name 'Hyper-V')) {
        $module = [string]($one.Version)
    }
    $known = @{}
    foreach ($name in @($Request.cmdlets)) {
        $known[[string]$name] = ($null -ne (Get-Command -Name ([string]$name) -ErrorAction SilentlyContinue))
    }
    @{
        computerName  = [string]($server.Name)
        fqdn          = [string]($server.FullyQualifiedDomainName)
        powerShell    = [string]($PSVersionTable.PSVersion)
        module        = $module
        cmdlets       = $known
        replicaServer = (Test-ReplicaServer)
        switches      = @(Read-SwitchNames)
    }
}

function Read-SwitchNames {
    foreach ($one in @(Get-VMSwitch -ErrorAction Stop)) {
        [string]($one.Name)
    }
}

# Whether the host accepts replication. A cluster node without a replica
# broker answers ObjectNotFound: it does not.
function Test-ReplicaServer {
    try {
        return [bool]((Get-VMReplicationServer -ErrorAction Stop).ReplicationEnabled)
    }
    catch {
        $code = ([string]($_.FullyQualifiedErrorId) -split ',')[0]
        if ($code -ceq 'ObjectNotFound') {
            return $false
        }
        throw
    }
}
