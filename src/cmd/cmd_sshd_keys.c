/* cmd_sshd_keys.c - postern sshd-keys: sshd's AuthorizedKeysCommand. Asks the gate's service and prints its answer, or nothing. */
#include "cmd/cmd.h"
#include "gate/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
	{"socket", 0, OPT_TEXT, "PATH", "the service's socket (default " GATE_SOCKET ")"},
	{0},
};

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

/* sshd reads what is printed: nothing is printed before all of it is known. */
static int run(const struct args *a)
{
	struct gate_ask q;
	struct gate_answer answer;
	const char *path = args_get(a, "socket");
	if (a->noperands != 4) {
		complain("sshd-keys: sshd gives it %%u %%f %%t %%k, an account, a fingerprint, a type and a key");
		return EXIT_USAGE;
	}
	q = (struct gate_ask){.magic = GATE_MAGIC, .version = GATE_VERSION, .phase = PHASE_KEYS, .session = UINT32_MAX, .pid = getpid(), .service = "sshd"};
	int n = snprintf(q.account, sizeof q.account, "%s", a->operand[0]);
	int k = snprintf(q.auth_info, sizeof q.auth_info, "publickey %s %s", a->operand[2], a->operand[3]);
	if (n < 0 || (size_t)n >= sizeof q.account || k < 0 || (size_t)k >= sizeof q.auth_info)
		return EXIT_CONDITION; /* cut, it would be another one */
	gate_ask_service(path ? path : GATE_SOCKET, &q, &answer, false);
	if (!answer.allow || !answer.keys_size)
		return answer.reason == GATE_FAULT ? EXIT_INPUT : EXIT_DONE; /* a plain no is not worth an error of sshd */
	return write_all(answer.keys, answer.keys_size) ? EXIT_DONE : EXIT_INPUT;
}

const struct command command_sshd_keys = {
	.name = "sshd-keys",
	.summary = "keys of a provider's account, while a grant is open (for sshd)",
	.usage = "sshd-keys [OPTION...] ACCOUNT FINGERPRINT TYPE KEY",
	.description = "sshd runs it as AuthorizedKeysCommand, with %u %f %t %k. It asks the gate's service (postern gate serve) and prints a line of\n"
		       "authorized_keys when the key belongs to a person with a grant that is open now for this account on this host:\n"
		       "restricted, from the grant's networks, until its end. Otherwise it prints nothing. It runs as a user without rights.",
	.options = options,
	.examples = "  AuthorizedKeysCommand /usr/bin/postern sshd-keys %u %f %t %k\n  AuthorizedKeysCommandUser postern-keys\n",
	.run = run,
};
