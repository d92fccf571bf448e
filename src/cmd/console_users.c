/* console_users.c - postern console user: who may log in to the console. */
#include "cmd/console_users.h"
#include "chain/chain.h"
#include "cmd/gates.h"
#include "cmd/setup.h"
#include "console/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const struct { const char *name; unsigned bit; } roles[] = {{"employee", ROLE_EMPLOYEE}, {"analyst", ROLE_ANALYST}, {"approver", ROLE_APPROVER},
	{"administrator", ROLE_ADMINISTRATOR}};
static const char *const languages[LURE_LANGUAGES] = {[LURE_EN] = "en", [LURE_DE] = "de", [LURE_KO] = "ko"};

struct users {
	const struct args *a;
	struct console_accounts *accounts;
	struct chain *audit;
	char who[128];
	bool json;
	size_t n;                 /* listed, imported */
	struct buf out;
};

static int failed(const struct err *e)
{
	complain_err(e);
	return e->code == ERR_NOENT || e->code == ERR_RANGE || e->code == ERR_SYNTAX || e->code == ERR_USAGE ? EXIT_USAGE : EXIT_INPUT;
}

/* On the disk before it is done. */
static bool record(struct users *u, const char *action, struct slice name, struct slice detail)
{
	struct err e;
	const struct chain_record r = {gates_now(), slice_of(u->who), slice_of(action), name, SL("success"), detail};
	if (!chain_append(u->audit, &r, &e))
		return true;
	complain_err(&e);
	return false;
}

static bool role_of(struct slice name, unsigned *bits)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (slice_eqz(name, roles[i].name)) {
			*bits |= roles[i].bit;
			return true;
		}
	complain("console: no role \"%.*s\": employee, analyst, approver, administrator", SLFMT(slice_to(name, 60)));
	return false;
}

static void add_roles(struct buf *b, unsigned bits, const char *between)
{
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (bits & roles[i].bit) {
			buf_addf(b, "%s%s", first ? "" : between, roles[i].name);
			first = false;
		}
}

static bool language_of(struct slice name, enum lure_language *out)
{
	for (int l = 0; l < LURE_LANGUAGES; l++)
		if (slice_eqz(name, languages[l])) {
			*out = (enum lure_language)l;
			return true;
		}
	return false;
}

/* ---- add ------------------------------------------------------------------------------------------------------------------------------------------- */

struct search {
	struct slice name;
	struct console_user user;  /* texts in mem */
	struct arena *mem;
	bool found;
};

static int find_one(void *arg, const struct console_user *u)
{
	struct search *f = arg;
	if (!slice_eq(u->name, f->name))
		return 0;
	f->user = *u;
	f->user.name = slice_dup(f->mem, u->name);
	f->user.shown = slice_dup(f->mem, u->shown);
	f->user.mail = slice_dup(f->mem, u->mail);
	f->user.team = slice_dup(f->mem, u->team);
	f->found = true;
	return 0;
}

static bool take_options(struct users *u, struct console_user *x)
{
	const struct args *a = u->a;
	struct { const char *option; struct slice *to; } texts[] = {{"shown", &x->shown}, {"mail", &x->mail}, {"team", &x->team}};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (args_has(a, texts[i].option))
			*texts[i].to = slice_of(args_get(a, texts[i].option));
	if (args_has(a, "role"))
		x->roles = 0;
	for (size_t i = 0; args_list(a, "role", i); i++)
		if (!role_of(slice_of(args_list(a, "role", i)), &x->roles))
			return false;
	if (args_has(a, "language"))
		language_of(slice_of(args_get(a, "language")), &x->language);
	x->disabled = (x->disabled || args_has(a, "disable")) && !args_has(a, "enable");
	return true;
}

static int put(struct users *u, const struct console_user *x)
{
	struct buf detail = {0};
	struct err e;
	add_roles(&detail, x->roles, " ");
	buf_addz(&detail, x->disabled ? ", shut out" : "");
	int rc = record(u, "console-user", x->name, buf_slice(&detail)) ? 0 : EXIT_INPUT;
	if (!rc && console_user_put(u->accounts, x, &e))
		rc = failed(&e);
	buf_free(&detail);
	return rc;
}

static int add(struct users *u, const char *name)
{
	struct arena mem;
	struct err e;
	arena_init(&mem);
	struct search f = {.name = slice_of(name), .mem = &mem, .user = {.name = slice_of(name), .roles = ROLE_EMPLOYEE}};
	int rc = console_users(u->accounts, find_one, &f, &e) ? failed(&e) : EXIT_DONE;
	if (!rc && !take_options(u, &f.user))
		rc = EXIT_USAGE;
	if (!rc)
		rc = put(u, &f.user);
	if (!rc && !f.found && !u->json)
		printf("%s may log in once there is a password: postern console user invite %s, or user password %s.\n", name, name, name);
	arena_free(&mem);
	return rc;
}

/* ---- list -------------------------------------------------------------------------------------------------------------------------------------------- */

static void list_json(struct users *l, const struct console_user *u)
{
	char at[40];
	buf_addz(&l->out, "{");
	gates_json(&l->out, "name", u->name);
	gates_json(&l->out, "shown", u->shown);
	gates_json(&l->out, "mail", u->mail);
	gates_json(&l->out, "team", u->team);
	gates_json(&l->out, "language", slice_of(languages[u->language]));
	gates_json(&l->out, "last_login", slice_of(time_rfc3339(u->last, at)));
	buf_addf(&l->out, ",\"disabled\":%s,\"factor\":%s,\"roles\":[\"", u->disabled ? "true" : "false", u->factor ? "true" : "false");
	add_roles(&l->out, u->roles, "\",\"");
	buf_addz(&l->out, "\"]}\n");
}

static int list_one(void *arg, const struct console_user *u)
{
	struct users *l = arg;
	char at[40];
	struct buf r = {0};
	if (l->json) {
		list_json(l, u);
		return 0;
	}
	if (!l->n++)
		buf_addf(&l->out, "%-16s %-34s %-8s %-7s %-20s %s\n", "NAME", "ROLES", "STATE", "FACTOR", "LAST LOGIN (UTC)", "WHO");
	add_roles(&r, u->roles, " ");
	buf_addf(&l->out, "%-16.*s %-34.*s %-8s %-7s %-20s ", SLFMT(u->name), SLFMT(buf_slice(&r)), u->disabled ? "shut out" : "", u->factor ? "yes" : "no",
		u->last == NSTIME_NONE ? "never" : time_plain(u->last, at));
	buf_term(&l->out, u->shown);
	buf_addc(&l->out, '\n');
	buf_free(&r);
	return 0;
}

static int list(struct users *u, const char *name)
{
	struct err e;
	(void)name;
	if (console_users(u->accounts, list_one, u, &e))
		return failed(&e);
	return write_out(NULL, buf_slice(&u->out)) ? EXIT_DONE : EXIT_INPUT;
}

/* ---- passwords ---------------------------------------------------------------------------------------------------------------------------------------- */

static bool read_line(const char *prompt, char *out, size_t n)
{
	struct termios old, quiet;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;
	size_t got = 0;
	char c = 0;
	if (terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		fprintf(stderr, "%s", prompt);
	}
	while (got < n && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		out[got++] = c;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		fputc('\n', stderr);
	}
	bool whole = got < n && (got || c == '\n');
	out[whole ? got : 0] = 0;
	return whole;
}

static int password(struct users *u, const char *name)
{
	char one[256] = "", two[256] = "";
	struct err e;
	int rc = read_line("New password: ", one, sizeof one) ? 0 : EXIT_USAGE;
	if (!rc && isatty(STDIN_FILENO) && (!read_line("Again: ", two, sizeof two) || strcmp(one, two) != 0))
		rc = EXIT_USAGE;
	if (rc)
		complain("console: a password is typed twice alike, or is a line of standard input");
	else if (!record(u, "console-password", slice_of(name), SLICE_NONE))
		rc = EXIT_INPUT;
	else if (console_user_password(u->accounts, slice_of(name), slice_of(one), &e))
		rc = failed(&e);
	explicit_bzero(one, sizeof one);
	explicit_bzero(two, sizeof two);
	return rc;
}

static int invite(struct users *u, const char *name)
{
	uint64_t hours = 72;
	struct buf word = {0};
	struct err e;
	if (args_get(u->a, "hours"))
		slice_u64(slice_of(args_get(u->a, "hours")), 720, &hours);
	int rc = record(u, "console-invite", slice_of(name), SLICE_NONE) ? 0 : EXIT_INPUT;
	if (!rc && console_user_invite(u->accounts, slice_of(name), (unsigned)hours, &word, &e))
		rc = failed(&e);
	else if (!rc && u->json)
		printf("{\"word\":\"%.*s\",\"path\":\"/invite?word=%.*s\"}\n", SLFMT(buf_slice(&word)), SLFMT(buf_slice(&word)));
	else if (!rc)
		printf("Good once, for %u hours: the page /invite?word=%.*s of the console\n", (unsigned)hours, SLFMT(buf_slice(&word)));
	buf_free(&word);
	return rc;
}

static int remove_one(struct users *u, const char *name)
{
	struct err e;
	if (!record(u, "console-user-removed", slice_of(name), SLICE_NONE))
		return EXIT_INPUT;
	return console_user_remove(u->accounts, slice_of(name), &e) ? failed(&e) : EXIT_DONE;
}

static int reset(struct users *u, const char *name)
{
	struct err e;
	if (!record(u, "console-factor-reset", slice_of(name), SLICE_NONE))
		return EXIT_INPUT;
	return console_user_factor_reset(u->accounts, slice_of(name), &e) ? failed(&e) : EXIT_DONE;
}

/* ---- import ------------------------------------------------------------------------------------------------------------------------------------------- */

/* Who is there already keeps roles and the rest. */
static int import_one(struct users *u, const struct console_user *x)
{
	struct arena mem;
	struct err e;
	arena_init(&mem);
	struct search f = {.name = x->name, .mem = &mem};
	int rc = console_users(u->accounts, find_one, &f, &e) ? failed(&e) : 0;
	if (!rc && !f.found) {
		rc = put(u, x);
		u->n += rc == 0;
	}
	arena_free(&mem);
	return rc;
}

static int import_org(struct users *u)
{
	struct setup s = {0};
	size_t n;
	int rc = setup_org(&s, u->a);
	const struct org_person *staff = rc ? NULL : org_staff(s.org, &n);
	for (size_t i = 0; !rc && i < n; i++) {
		struct slice local = staff[i].mail;
		ssize_t at = slice_chr(local, '@');
		struct slice name = staff[i].naccounts ? staff[i].accounts[0] : slice_to(local, at < 0 ? 0 : (size_t)at);
		const struct console_user x = {.name = name, .shown = staff[i].name, .mail = staff[i].mail, .team = staff[i].nroles ? staff[i].roles[0] : SLICE_NONE,
			.roles = ROLE_EMPLOYEE};
		if (name.n)
			rc = import_one(u, &x);
		else
			complain("console: %.*s has neither account nor mail in the organisation file: not imported", SLFMT(staff[i].name));
	}
	setup_free(&s);
	return rc;
}

/* name,shown,mail,team,roles,language: no quotes; roles blank-separated. */
static int import_line(struct users *u, struct slice line, unsigned number)
{
	struct slice field[6] = {{NULL, 0}}, one, word;
	size_t n = 0;
	bool more = true;
	for (; more && n < ARRAY_LEN(field); n++) {
		more = slice_cut(&line, ',', &one);
		field[n] = slice_trim(more ? one : line);
	}
	struct console_user x = {.name = field[0], .shown = field[1], .mail = field[2], .team = field[3]};
	if (more || (field[5].n && !language_of(field[5], &x.language))) {
		complain("console: line %u: name,shown,mail,team,roles,language, and the language is en, de or ko", number);
		return EXIT_USAGE;
	}
	while (slice_word(&field[4], &word))
		if (!role_of(word, &x.roles))
			return EXIT_USAGE;
	x.roles = x.roles ? x.roles : ROLE_EMPLOYEE;
	return import_one(u, &x);
}

static int import_csv(struct users *u, const char *path)
{
	char *text = NULL;
	size_t cap = 0;
	unsigned number = 0;
	int rc = 0;
	FILE *f = fopen(path, "re");
	if (!f) {
		complain("cannot open %s: %s", path, strerror(errno));
		return EXIT_INPUT;
	}
	for (ssize_t n; !rc && (n = getline(&text, &cap, f)) >= 0;) {
		struct slice line = slice_trim(slice_make(text, (size_t)n - (n && text[n - 1] == '\n')));
		number++;
		if (line.n && line.p[0] != '#' && !(number == 1 && slice_starts(line, SL("name,"))))
			rc = import_line(u, line, number);
	}
	free(text);
	fclose(f);
	return rc;
}

static int import(struct users *u, const char *path)
{
	int rc = path ? import_csv(u, path) : import_org(u);
	if (!u->json)
		printf("%zu added\n", u->n);
	return rc;
}

/* ---- the verbs ----------------------------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *name; size_t least, most; int (*run)(struct users *u, const char *name); } verbs[] = {
	{"add", 1, 1, add}, {"list", 0, 0, list}, {"password", 1, 1, password}, {"invite", 1, 1, invite}, {"remove", 1, 1, remove_one}, {"reset", 1, 1, reset},
	{"import", 0, 1, import},
};

static int open_users(struct users *u)
{
	char state[4096], log[4200];
	struct err e;
	const char *format = args_get(u->a, "format");
	u->json = format && strcmp(format, "json") == 0;
	if (!state_file(u->a, "", state, sizeof state) || !state_file(u->a, "audit.log", log, sizeof log) || !gates_actor(u->who, sizeof u->who))
		return EXIT_USAGE;
	if (mkdir(state, 0700) && errno != EEXIST) {
		complain("cannot make %s: %s", state, strerror(errno));
		return EXIT_INPUT;
	}
	umask(077);
	u->accounts = console_accounts_open(state, true, &e);
	u->audit = u->accounts ? chain_open(log, NULL, NULL, &e) : NULL;
	return u->audit ? 0 : failed(&e);
}

int console_users_run(const struct args *a)
{
	struct users *u = xcalloc(1, sizeof *u);
	int rc = -1;
	u->a = a;
	for (size_t i = 0; a->noperands > 1 && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(a->operand[1], verbs[i].name) != 0 || a->noperands - 2 < verbs[i].least || a->noperands - 2 > verbs[i].most)
			continue;
		rc = open_users(u);
		if (!rc)
			rc = verbs[i].run(u, a->noperands > 2 ? a->operand[2] : NULL);
	}
	if (rc < 0) {
		complain("usage: postern console user add NAME | list | password NAME | invite NAME | remove NAME | reset NAME | import [FILE]");
		rc = EXIT_USAGE;
	}
	if (u->audit)
		chain_close(u->audit);
	console_accounts_close(u->accounts);
	buf_free(&u->out);
	free(u);
	return rc;
}
