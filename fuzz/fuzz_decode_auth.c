/* fuzz_decode_auth.c - syslog's envelopes and who logs in: sshd, PAM, sudo, su, doas, cron, login, accounts, system. */
#include "fuzz_decode.h"

#define ISO "2026-05-04T07:12:33.123456+02:00 web1 "
#define BSD "May  4 07:12:33 web1 "
FUZZ_TARGET(0, ISO "sshd[812]: ", BSD "sshd[812]: ", BSD "sshd[812]: pam_unix(sshd:auth): ", BSD "sudo: ", BSD "su[9]: ", BSD "doas: ",
	BSD "CRON[7]: ", BSD "login[3]: ", BSD "systemd-logind[6]: ", BSD "useradd[5]: ", BSD "usermod[5]: ", BSD "passwd[5]: ", BSD "groupadd[5]: ",
	BSD "systemd[1]: ", BSD "kernel: ", BSD "polkitd[4]: ", BSD "dropbear[8]: ", BSD "sftp-server[8]: ", BSD "pkexec[8]: ", BSD "gdm[8]: ",
	"<34>1 2026-05-04T07:12:33Z web1 sshd 812 - - ", BSD, "May  4 07:12:33 ", "<34>", BSD "message repeated 2 times: [ ", "@400000004c91b044077a9e94 ")
