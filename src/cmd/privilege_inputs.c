/* privilege_inputs.c - snapshots, logs and grants that the verbs of postern privilege start from. */
#include "cmd/privilege_cmd.h"
#include "cmd/setup.h"

int privilege_inputs_open(struct privilege_inputs *in, const struct args *a)
{
	(void)in;
	(void)a;
	return EXIT_USAGE;
}

void privilege_inputs_free(struct privilege_inputs *in)
{
	(void)in;
}

struct privilege *privilege_inputs_build(struct privilege_inputs *in, const struct args *a)
{
	(void)in;
	(void)a;
	return NULL;
}
