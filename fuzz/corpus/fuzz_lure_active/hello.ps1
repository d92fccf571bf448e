Write-Host 'hello'
