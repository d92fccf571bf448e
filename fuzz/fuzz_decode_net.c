/* fuzz_decode_net.c - FTP, DNS and VPN servers. */
#include "fuzz_decode.h"

#define BSD "May  4 07:12:33 h "
FUZZ_TARGET(0, "Mon May  4 07:12:33 2026 [pid 812] ", BSD "vsftpd[812]: ", "Mon May  4 07:12:33 2026 1 203.0.113.9 100 ", BSD "proftpd[812]: h (c[203.0.113.9]): ",
	"2026-05-04 07:12:33,123 h proftpd[812] h (", BSD "pure-ftpd: (", BSD "ftpd[812]: ", BSD "named[812]: client @0x7f 203.0.113.9#5353 (x): ",
	"04-May-2026 07:12:33.123 client 203.0.113.9#5353 (", "04-May-2026 07:12:33.123 ", BSD "unbound: [812:0] info: ", "[1777878753] unbound[812:0] ",
	BSD "dnsmasq[812]: ", BSD "dnsmasq-dhcp[812]: DHCP", BSD "ovpn-server[812]: 203.0.113.9:1194 ", BSD "openvpn[812]: anna/203.0.113.9:1194 ",
	"Mon May  4 07:12:33 2026 203.0.113.9:1194 ", "2026-05-04 07:12:33 us=1 ", BSD "charon: 05[IKE] ", "May  4 07:12:33 05[IKE] <a|1> ")
