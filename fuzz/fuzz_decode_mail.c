/* fuzz_decode_mail.c - mail servers. */
#include "fuzz_decode.h"

#define BSD "May  4 07:12:33 mail1 "
FUZZ_TARGET(0, BSD "postfix/smtpd[812]: ", BSD "postfix/smtpd[812]: 4X1fS20: ", BSD "postfix/postscreen[812]: ", BSD "postfix/cleanup[812]: 4X1fS20: warning: header ",
	BSD "dovecot: imap-login: ", BSD "dovecot: auth-worker(12): ", BSD "dovecot[8]: ", "May  4 07:12:33 auth(a,203.0.113.9,sasl:login)<x>: Info: ",
	"2026-05-04 07:12:33 ", "2026-05-04 07:12:33.123 [812] 1rnNhQ-000000003Yp-2Vgo ", BSD "exim[812]: ", "2026-05-04 07:12:33 H=",
	BSD "sendmail[812]: 44A1x: ", BSD "sm-mta[812]: 44A1x: ", BSD "imapd: ", BSD "cyrus/imap[812]: ", BSD "smtpd[812]: ")
