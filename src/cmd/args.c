/* args.c - arguments by table: --name VALUE, --name=VALUE, -x VALUE, -xVALUE, grouped flags, "--". */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option help_option = {"help", 'h', OPT_FLAG, NULL, "show this help"};

static size_t count_options(const struct command *c)
{
	size_t n = 0;
	while (c->options[n].name)
		n++;
	return n;
}

static void print_option(const struct option *o)
{
	char left[64];
	snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		o->argument ? " " : "", o->argument ? o->argument : "");
	struct slice rest = slice_of(o->help), line;
	bool first = true;
	while (rest.n || first) {
		if (!slice_cut(&rest, '\n', &line)) {
			line = rest;
			rest.n = 0;
		}
		printf("  %-26s  %.*s\n", first ? left : "", SLFMT(line));
		first = false;
	}
}

void command_help(const struct command *c)
{
	printf("Usage: postern %s\n\n%s\n", c->usage, c->description);
	printf("\nOptions:\n");
	for (const struct option *o = c->options; o->name; o++)
		print_option(o);
	print_option(&help_option);
	if (c->examples)
		printf("\nExamples:\n%s", c->examples);
	printf("\nExit status: 0 done; 1 done and --fail-on holds; 2 usage or configuration; 3 input could not be read.\n"
	       "Manual: man postern-%s\n", c->name);
}

static int bad(const struct command *c, const char *what, const char *arg)
{
	fprintf(stderr, "postern %s: %s: %s\nTry 'postern %s --help'.\n", c->name, what, arg, c->name);
	return EXIT_USAGE;
}

static bool choice_has(const char *choices, const char *value)
{
	struct slice rest = slice_of(choices), one;
	for (;;) {
		bool more = slice_cut(&rest, '|', &one);
		if (!more)
			one = rest;
		if (slice_eqz(one, value))
			return true;
		if (!more)
			return false;
	}
}

static int set_option(const struct command *c, struct args *out, size_t i, const char *value, const char *shown)
{
	const struct option *o = &c->options[i];
	uint64_t n;
	if (o->kind == OPT_CHOICE && !choice_has(o->argument, value)) {
		fprintf(stderr, "postern %s: %s: \"%s\" is not one of %s\n", c->name, shown, value, o->argument);
		return EXIT_USAGE;
	}
	if (o->kind == OPT_NUMBER && (!slice_u64(slice_of(value), o->high, &n) || n < o->low)) {
		fprintf(stderr, "postern %s: %s: \"%s\" is not a whole number from %u to %u\n", c->name, shown, value, o->low, o->high);
		return EXIT_USAGE;
	}
	if (o->kind == OPT_LIST) {
		if (out->nlist == ARGS_LIST_MAX)
			return bad(c, "given too often", shown);
		out->list[out->nlist].option = i;
		out->list[out->nlist++].value = value;
	}
	out->value[i] = value;
	return 0;
}

static ssize_t find_long(const struct command *c, struct slice name)
{
	for (size_t i = 0; c->options[i].name; i++)
		if (slice_eqz(name, c->options[i].name))
			return (ssize_t)i;
	return -1;
}

static int parse_long(const struct command *c, int argc, char **argv, int *at, struct args *out)
{
	const char *arg = argv[*at];
	struct slice value = slice_of(arg + 2), name;
	bool inlined = slice_cut(&value, '=', &name);
	if (!inlined)
		name = value;
	if (slice_eq(name, SL("help"))) {
		command_help(c);
		return EXIT_USAGE + 1;
	}
	ssize_t i = find_long(c, name);
	if (i < 0)
		return bad(c, "unknown option", arg);
	if (c->options[i].kind == OPT_FLAG)
		return inlined ? bad(c, "option takes no value", arg) : set_option(c, out, (size_t)i, "", arg);
	if (inlined)
		return set_option(c, out, (size_t)i, value.p, arg);
	if (*at + 1 >= argc)
		return bad(c, "option needs a value", arg);
	return set_option(c, out, (size_t)i, argv[++*at], arg);
}

static int parse_short(const struct command *c, int argc, char **argv, int *at, struct args *out)
{
	const char *arg = argv[*at];
	for (const char *p = arg + 1; *p; p++) {
		size_t i = 0;
		if (*p == 'h') {
			command_help(c);
			return EXIT_USAGE + 1;
		}
		while (c->options[i].name && c->options[i].letter != *p)
			i++;
		if (!c->options[i].name)
			return bad(c, "unknown option", arg);
		if (c->options[i].kind == OPT_FLAG) {
			out->value[i] = "";
			continue;
		}
		if (p[1])
			return set_option(c, out, i, p + 1, arg);
		if (*at + 1 >= argc)
			return bad(c, "option needs a value", arg);
		return set_option(c, out, i, argv[++*at], arg);
	}
	return 0;
}

int args_parse(const struct command *c, int argc, char **argv, struct args *out, const char **operands)
{
	*out = (struct args){.command = c, .operand = operands};
	bool only_operands = false;
	if (count_options(c) > ARGS_OPTIONS_MAX)
		abort(); /* a table of ours is too long */
	for (int i = 0; i < argc; i++) {
		int r = 0;
		if (only_operands || argv[i][0] != '-' || argv[i][1] == 0)
			operands[out->noperands++] = argv[i];
		else if (argv[i][1] == '-' && argv[i][2] == 0)
			only_operands = true;
		else if (argv[i][1] == '-')
			r = parse_long(c, argc, argv, &i, out);
		else
			r = parse_short(c, argc, argv, &i, out);
		if (r)
			return r;
	}
	return 0;
}

const char *args_get(const struct args *a, const char *option)
{
	ssize_t i = find_long(a->command, slice_of(option));
	return i < 0 ? NULL : a->value[i];
}

bool args_has(const struct args *a, const char *option)
{
	return args_get(a, option) != NULL;
}

bool args_default(struct args *a, const char *option, const char *value, bool list)
{
	ssize_t o = find_long(a->command, slice_of(option));
	if (o < 0 || (list && a->nlist == ARGS_LIST_MAX))
		return false;
	if (list)
		a->list[a->nlist++] = (struct args_value){(size_t)o, value};
	else if (!a->value[o])
		a->value[o] = value;
	return true;
}

const char *args_list(const struct args *a, const char *option, size_t i)
{
	ssize_t o = find_long(a->command, slice_of(option));
	for (size_t k = 0; o >= 0 && k < a->nlist; k++)
		if (a->list[k].option == (size_t)o && i-- == 0)
			return a->list[k].value;
	return NULL;
}
