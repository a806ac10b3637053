# A small baseline: only modern TLS, no remote registry, a time zone that needs no thought.
$ErrorActionPreference = 'Stop'
$protocols = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
foreach ($version in 'TLS 1.0', 'TLS 1.1') {
    $key = Join-Path $protocols "$version\Server"
    New-Item -Path $key -Force | Out-Null
    New-ItemProperty -Path $key -Name Enabled -Value 0 -PropertyType DWord -Force | Out-Null
}
Set-Service -Name RemoteRegistry -StartupType Disabled
Set-TimeZone -Id UTC
exit 0
