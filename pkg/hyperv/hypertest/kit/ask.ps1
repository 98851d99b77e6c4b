$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$q = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([Console]::In.ReadLine())))
$r = @{ ok = $false; marked = $false; name = ''; fqid = ''; category = ''; message = ''; hresult = [int64]0 }
try {
    Import-Module -Name 'Hyper-V'
    $vm = Get-VM -Id ([guid]$q.id)
    $r.name = [string]($vm.Name)
    foreach ($line in @(([string]($vm.Notes)) -split "`n")) {
        if ($line.Trim() -ceq $q.marker -and $r.name -clike ($q.prefix + '*')) {
            $r.marked = $true
        }
    }
    if (-not $r.marked -and $q.ask -cne 'look') {
        throw 'the VM is not marked'
    }
    switch -CaseSensitive ($q.ask) {
        'look' { }
        'start' { Start-VM -VM $vm -Confirm:$false }
        'prepare' { Start-VMFailover -VM $vm -Prepare -Confirm:$false }
        'fail-over' { Start-VMFailover -VM $vm -Confirm:$false }
        'test' { Start-VMFailover -VM $vm -AsTest -Confirm:$false }
        'stop-failover' { Stop-VMFailover -VM $vm -Confirm:$false }
        'reverse' { Set-VMReplication -VM $vm -Reverse -Confirm:$false }
        'save' { Save-VM -VM $vm -Confirm:$false }
        'suspend' { Suspend-VMReplication -VM $vm -Confirm:$false }
        'resume' {
            if ([string]((Get-VMReplication -VM $vm).ReplicationState) -ceq 'WaitingForStartResynchronize') {
                Resume-VMReplication -VM $vm -Resynchronize -Confirm:$false
            }
            else {
                Resume-VMReplication -VM $vm -Confirm:$false
            }
        }
        'seed' { Start-VMInitialReplication -VM $vm -UseBackup -Confirm:$false }
        'replica-of' { Set-VMReplication -VM $vm -AsReplica -AllowedPrimaryServer $q.value -Confirm:$false }
        'test-switch' {
            foreach ($one in @(Get-VMNetworkAdapter -VM $vm)) {
                if ([string]($one.Name) -ceq $q.adapter) {
                    Set-VMNetworkAdapter -VMNetworkAdapter $one -TestReplicaSwitchName $q.value -Confirm:$false
                }
            }
        }
        default { throw 'no such question' }
    }
    $r.ok = $true
}
catch {
    $r.fqid = [string]($_.FullyQualifiedErrorId)
    $r.category = [string]($_.CategoryInfo.Category)
    $r.message = [string]($_.Exception.Message)
    $r.hresult = [int64]($_.Exception.HResult)
}
[Console]::Out.WriteLine('HT1 ' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $r -Compress))))
