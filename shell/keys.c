/* keys.c - sshd's key command on its own: as `postern sshd-keys`, without the libraries of the rest. sshd starts it twice a login. */
#include "shell.h"

#include <stdio.h>
#include <unistd.h>

static struct gate_ask question; /* 30 KB together: not on the stack of whatever limits sshd gives */
static struct gate_answer answer;

static bool write_all(const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(STDOUT_FILENO, p, n);
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* ACCOUNT FINGERPRINT TYPE KEY. What does not fit would be another one when cut. */
int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	question = (struct gate_ask){.magic = GATE_MAGIC, .version = GATE_VERSION, .phase = PHASE_KEYS, .session = UINT32_MAX, .pid = getpid(), .service = "sshd"};
	int n = snprintf(question.account, sizeof question.account, "%s", argv[1]);
	int k = snprintf(question.auth_info, sizeof question.auth_info, "publickey %s %s", argv[3], argv[4]);
	if (n < 0 || (size_t)n >= sizeof question.account || k < 0 || (size_t)k >= sizeof question.auth_info)
		return 1;
	gate_ask_service(GATE_SOCKET, &question, &answer, false);
	if (!answer.allow || !answer.keys_size || answer.keys_size > sizeof answer.keys)
		return answer.reason == GATE_FAULT ? 3 : 1;
	return write_all(answer.keys, answer.keys_size) ? 0 : 3;
}
