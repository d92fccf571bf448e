/* fuzz_decode_web.c - access and error logs, proxies, and what stands beside web servers. */
#include "fuzz_decode.h"

#define BSD "May  4 07:12:33 web1 "
FUZZ_TARGET(0, "203.0.113.9 - - [04/May/2026:07:12:33 +0200] \"", "www.example:443 203.0.113.9 - - [04/May/2026:07:12:33 +0200] \"GET /",
	"2026/05/04 07:12:33 [error] 812#812: *17 ", "[Mon May 04 07:12:33.123456 2026] [core:error] [pid 812] [client 203.0.113.9:51390] ",
	"[Mon May 04 07:12:33 2026] [error] [client 203.0.113.9] ModSecurity: ", BSD "haproxy[812]: ", "1777878753.250    120 10.0.0.1 ",
	BSD "squid[812]: ", "2026-05-04 07:12:33,123 fail2ban.actions        [812]: NOTICE  ", BSD "nginx: ", BSD "apache2[812]: ", BSD "php-fpm[812]: ",
	BSD "lighttpd[812]: ", BSD "suhosin[812]: ", "2026-05-04 07:12:33 ", "Start-Date: 2026-05-04  07:12:33\nInstall: ", "#Fields: date time ")
