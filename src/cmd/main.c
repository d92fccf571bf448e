/* main.c - the only main: finds the subcommand and hands over. */
#include "cmd/cmd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void usage(FILE *to)
{
	fprintf(to, "Usage: postern COMMAND [OPTION...] [ARGUMENT...]\n\n"
		    "Reads an organisation's logs and tells whether, and how, somebody walked in through the side door.\n\nCommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		fprintf(to, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fprintf(to, "\n'postern COMMAND --help' tells more. Start with: postern scan /var/log\n");
}

static _Noreturn void out_of_memory(void)
{
	fputs("postern: out of memory\n", stderr);
	_Exit(EXIT_INPUT);
}

static int run_command(const struct command *c, int argc, char **argv)
{
	const char **operands = xcalloc((size_t)argc + 1, sizeof *operands);
	struct args a;
	int r = args_parse(c, argc, argv, &a, operands);
	if (r == 0)
		r = c->run(&a);
	else if (r == EXIT_USAGE + 1)
		r = EXIT_DONE;
	free(operands);
	return r;
}

int main(int argc, char **argv)
{
	core_set_oom(out_of_memory);
	signal(SIGPIPE, SIG_IGN);
	const char *name = argc > 1 ? argv[1] : "";
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0 || strcmp(name, "version") == 0) {
		printf("postern %s\n", POSTERN_VERSION);
		return EXIT_DONE;
	}
	bool help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0;
	if (help && argc > 2)
		name = argv[2];
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0) {
			if (help) {
				command_help(*c);
				return EXIT_DONE;
			}
			return run_command(*c, argc - 2, argv + 2);
		}
	if (help) {
		usage(stdout);
		return EXIT_DONE;
	}
	if (*name)
		complain("no command \"%s\"", name);
	usage(stderr);
	return EXIT_USAGE;
}
