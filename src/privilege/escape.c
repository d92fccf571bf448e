/* escape.c - what a command that somebody may run as somebody else really lets them do.
 *
 * Arguments that are written out leave only programs that ask on the terminal; arguments left open, or with wildcards (which match blanks, too: sudoers(5)),
 * leave everything the program can be told. */
#include "privilege/privilege_private.h"

enum when { FREE, ALWAYS, ALONE, WORD };
static const struct program {
	const char *name;
	enum escape what;
	enum when when;
	const char *words;
	enum escape noexec;
	const char *why;
} programs[] = {
#define ESCAPE(name, what, when, words, left, why) {name, ESCAPE_##what, when, words, ESCAPE_##left, why},
#include "privilege/escapes.def"
#undef ESCAPE
};

static bool wild(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[')
			return true;
	}
	return slice_starts(s, SL("^"));
}

bool command_negated(struct slice *command)
{
	bool not = false;
	*command = slice_trim(*command);
	while (slice_starts(*command, SL("!"))) {
		not = !not;
		*command = slice_trim(slice_from(*command, 1));
	}
	return not;
}

static bool digest(struct slice w)
{
	return slice_starts(w, SL("sha224:")) || slice_starts(w, SL("sha256:")) || slice_starts(w, SL("sha384:")) || slice_starts(w, SL("sha512:"));
}

bool command_digest(struct slice command)
{
	struct slice rest = command, word;
	command_negated(&rest);
	return slice_word(&rest, &word) && digest(word);
}

struct slice command_program(struct slice command, struct slice *args, bool *has_args)
{
	struct slice rest = command, word = SLICE_NONE;
	command_negated(&rest);
	while (slice_word(&rest, &word) && (digest(word) || slice_eqz(word, ",")))
		;
	rest = slice_trim(rest);
	*has_args = rest.n > 0;
	*args = slice_eqz(rest, "\"\"") ? SLICE_NONE : rest;
	return word;
}

/* python3.11, lua5.4, gcc-12: without the number. */
static struct slice bare_name(struct slice name)
{
	size_t n = name.n;
	while (n && ((name.p[n - 1] >= '0' && name.p[n - 1] <= '9') || name.p[n - 1] == '.' || name.p[n - 1] == '-'))
		n--;
	return slice_to(name, n);
}

static const struct program *program_of(struct slice path)
{
	struct slice name = slice_basename(path), bare = bare_name(name);
	const struct program *near = NULL;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (slice_eqz(name, programs[i].name))
			return &programs[i];
		if (bare.n && slice_eqz(bare, programs[i].name))
			near = &programs[i];
	}
	return near;
}

static bool has_word(struct slice args, const char *words)
{
	struct slice arg;
	while (slice_word(&args, &arg)) {
		struct slice rest = slice_of(words), w;
		while (slice_word(&rest, &w))
			if (slice_eq(arg, w))
				return true;
	}
	return false;
}

/* A program of many verbs: which one, and are its arguments left open? */
static enum escape by_verb(const struct program *p, struct slice args)
{
	struct slice rest = args, verb = SLICE_NONE;
	while (slice_word(&rest, &verb) && slice_starts(verb, SL("-")))
		;
	if (wild(verb))
		return p->what;
	if (has_word(verb, "edit") && slice_eqz(slice_of(p->name), "systemctl"))
		return p->what;
	if (!wild(args))
		return ESCAPE_NONE;
	return has_word(verb, p->words) ? p->what : has_word(verb, "link start") ? ESCAPE_MAYBE : ESCAPE_NONE;
}

/* ---- su ----------------------------------------------------------------------------------------------------------------------- */

static struct escape_why su(struct slice args, bool free_args)
{
	struct slice rest = args, word, who = SLICE_NONE;
	while (slice_word(&rest, &word)) {
		if (slice_eqz(word, "-c") || slice_eqz(word, "--command"))
			return (struct escape_why){ESCAPE_NONE, NULL, SLICE_NONE};
		if (!slice_starts(word, SL("-")))
			who = word;
	}
	if (free_args || !who.n || slice_eqz(who, "root"))
		return (struct escape_why){ESCAPE_RUN, "su becomes anybody", SLICE_NONE};
	return (struct escape_why){ESCAPE_RUN, "su becomes that account", who};
}

/* ---- sudoedit ------------------------------------------------------------------------------------------------------------------- */

static struct slice before_wild(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[')
			return slice_to(s, i);
	return s;
}

static size_t depth(struct slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '/';
	return n;
}

/* Both may have wildcards; sudoedit's match no slash. */
static bool may_be(struct slice word, struct slice file)
{
	struct slice a = before_wild(word), b = before_wild(file);
	if (!wild(word))
		return glob(file, word);
	return depth(word) == depth(file) && (slice_starts(a, b) || slice_starts(b, a));
}

/* Files that tell root what to run or whom to believe. */
static bool decides(struct slice file)
{
	static const char *const files[] = {"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d/*", "/etc/crontab", "/etc/cron.*/*",
		"/var/spool/cron/*", "/etc/ssh/*", "/root/*", "/etc/profile", "/etc/profile.d/*", "/etc/bash.bashrc", "/etc/ld.so.*", "/etc/pam.d/*", "/etc/security/*", "/etc/init.d/*",
		"/etc/rc.local", "/etc/systemd/*", "/lib/systemd/*", "/usr/lib/systemd/*", "/usr/*bin/*", "/bin/*", "/sbin/*", "/etc/environment", "/etc/exports", "/etc/fstab", "/etc/logrotate*",
		"/etc/apt/*", "/etc/udev/*", "/etc/polkit-1/*", "/etc/doas.conf", "/etc/sudo.conf", "/etc/modprobe.d/*", "/etc/default/*", "/etc/nsswitch.conf", "/boot/*"};
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (may_be(file, slice_of(files[i])))
			return true;
	return false;
}

static struct escape_why edits(struct slice args)
{
	struct slice rest = args, word;
	if (!args.n)
		return (struct escape_why){ESCAPE_WRITE, "sudoedit of any file", SLICE_NONE};
	while (slice_word(&rest, &word))
		if (decides(word))
			return (struct escape_why){ESCAPE_WRITE, "sudoedit of a file that decides what root runs or believes", SLICE_NONE};
	return (struct escape_why){ESCAPE_NONE, NULL, SLICE_NONE};
}

/* Programs that put what they are given on their input into a file: fixed arguments do not help when it is one of these. */
static bool fills(struct slice name, struct slice args)
{
	struct slice rest = args, word;
	bool tee = slice_eqz(name, "tee"), from = false, to = false;
	if (!tee && !slice_eqz(name, "dd"))
		return false;
	while (slice_word(&rest, &word)) {
		from |= !tee && slice_starts(word, SL("if="));
		to |= tee ? word.p[0] == '/' && decides(word) : slice_starts(word, SL("of=")) && decides(slice_from(word, 3));
	}
	return to && !from;
}

struct escape_why command_escape(struct slice command, bool noexec, bool setenv)
{
	struct slice args;
	bool has_args;
	struct slice path = command_program(command, &args, &has_args), name = slice_basename(path);
	bool free_args = !has_args || wild(args), folder = slice_ends(path, SL("/"));
	if (slice_eqz(path, "ALL"))
		return (struct escape_why){ESCAPE_RUN, "any command", SLICE_NONE};
	if (slice_eqz(path, "list"))
		return (struct escape_why){ESCAPE_NONE, NULL, SLICE_NONE};
	if (slice_eqz(path, "sudoedit"))
		return edits(args);
	if (setenv)
		return (struct escape_why){ESCAPE_RUN, "SETENV: LD_PRELOAD loads code into any program", SLICE_NONE};
	if (folder || wild(path))
		return (struct escape_why){folder || wild(name) ? ESCAPE_RUN : ESCAPE_MAYBE, "any program of a folder", SLICE_NONE};
	if (slice_eqz(name, "su"))
		return su(args, free_args);
	const struct program *p = program_of(path);
	if (!free_args && fills(name, args))
		return (struct escape_why){ESCAPE_WRITE, "writes a file that decides what root runs or believes", SLICE_NONE};
	if (!p || !(p->when == ALWAYS || free_args || p->when == WORD || (p->when == ALONE && !args.n)))
		return (struct escape_why){ESCAPE_NONE, NULL, SLICE_NONE};
	enum escape how = p->when == WORD && has_args ? by_verb(p, args) : p->what;
	return (struct escape_why){noexec ? MIN(how, p->noexec) : how, p->why, SLICE_NONE};
}

/* ---- what fits what ----------------------------------------------------------------------------------------------------------------- */

bool command_matches(struct slice rule, struct slice line)
{
	struct slice args, given;
	bool has_args, has_given;
	struct slice path = command_program(rule, &args, &has_args), program = command_program(line, &given, &has_given);
	if (slice_eqz(path, "ALL"))
		return true;
	if (slice_ends(path, SL("/"))) {
		struct slice in = slice_from(program, path.n);
		return slice_starts(program, path) && slice_chr(in, '/') < 0;
	}
	if (slice_eqz(path, "sudoedit") ? !slice_eqz(slice_basename(program), "sudoedit") : !glob_path(path, program, true))
		return false;
	return !has_args || (args.n ? glob_path(args, given, false) : !given.n);
}

bool command_covers(struct slice rule, struct slice other)
{
	struct slice args, have;
	bool has_args, has_other;
	struct slice path = command_program(rule, &args, &has_args), program = command_program(other, &have, &has_other);
	if (slice_eqz(path, "ALL"))
		return true;
	if (slice_eqz(program, "ALL"))
		return false;
	if (slice_eq(path, program))
		return !has_args || (has_other && slice_eq(args, have)) || (has_other && !wild(have) && args.n && glob_path(args, have, false));
	return !wild(program) && !slice_ends(program, SL("/")) && command_matches(rule, other);
}
