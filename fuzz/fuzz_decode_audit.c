/* fuzz_decode_audit.c - auditd's records, alone and joined. */
#include "fuzz_decode.h"

#define MSG(type) "type=" type " msg=audit(1777878753.250:42): "
FUZZ_TARGET(0, MSG("SYSCALL"), MSG("EXECVE"), MSG("PATH"), MSG("PROCTITLE"), MSG("SOCKADDR"), MSG("USER_LOGIN"), MSG("USER_CMD"), MSG("ANOM_PROMISCUOUS"),
	MSG("CONFIG_CHANGE"), MSG("AVC"), MSG("CWD"), "May  4 07:12:33 web1 audispd: " MSG("SYSCALL"), "node=h " MSG("LOGIN"),
	"May  4 07:12:33 web1 kernel: audit: type=1400 audit(1777878753.250:42): ", "type=")
