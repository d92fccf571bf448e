/* privilege_suggest.c - postern privilege suggest: a patch for somebody to read and apply, and the one that undoes it. Nothing is changed here.
 *
 * Files are read from this machine (or --root) for the host that it is; for others the notes say which lines are meant. A child, made before this process gave up
 * running programs, reads them and asks visudo. */
#include "cmd/privilege_places.h"
#include "cmd/setup.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { TEXT_MOST = 4 << 20, VISUDO_SECONDS = 20 };

/* ---- the child: reads a file below the root, asks visudo; a letter, a size and a text there, a status, a size and a text back ------------ */

struct helper { int ask, answer; bool there, visudo; };

static bool whole(int fd, void *p, size_t n, bool out)
{
	char *at = p;
	while (n) {
		ssize_t k = out ? write(fd, at, n) : read(fd, at, n);
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

static bool put_text(int fd, int32_t first, struct slice text)
{
	uint32_t n = (uint32_t)text.n;
	return whole(fd, &first, sizeof first, true) && whole(fd, &n, sizeof n, true) && whole(fd, (void *)(uintptr_t)text.p, n, true);
}

static bool get_text(int fd, int32_t *first, struct buf *out)
{
	uint32_t n;
	if (!whole(fd, first, sizeof *first, false) || !whole(fd, &n, sizeof n, false) || n > TEXT_MOST)
		return false;
	char *p = xmalloc((size_t)n + 1);
	bool ok = whole(fd, p, n, false);
	if (ok)
		buf_add(out, p, n);
	free(p);
	return ok;
}

/* Links are followed below the root and never out of it; nothing but a plain file is read. */
static bool read_below(const char *root, const char *path, struct buf *out)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	struct stat st;
	char block[16384];
	int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = at < 0 ? -1 : (int)syscall(SYS_openat2, at, path, &how, sizeof how);
	bool ok = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= TEXT_MOST;
	for (ssize_t n = 1; ok && n > 0 && out->n <= TEXT_MOST;) {
		n = read(fd, block, sizeof block);
		ok = n >= 0;
		buf_add(out, block, n > 0 ? (size_t)n : 0);
	}
	if (fd >= 0)
		close(fd);
	if (at >= 0)
		close(at);
	return ok && out->n <= TEXT_MOST;
}

static int32_t ask_visudo(struct slice text, struct buf *says)
{
	static const char *const argv[] = {"/usr/sbin/visudo", "-c", "-q", "-f", "-", NULL};
	int status = 127;
	struct err e;
	if (sys_run(argv, text, VISUDO_SECONDS, says, &status, &e))
		buf_addz(says, e.text);
	return status;
}

static bool answer_one(const char *root, int in, int out)
{
	struct buf text = {0}, says = {0};
	int32_t what, status = 1;
	bool ok = get_text(in, &what, &text);
	if (ok && what == 'v') {
		status = ask_visudo(buf_slice(&text), &says);
	} else if (ok) {
		buf_addc(&text, '\0');
		status = read_below(root, text.p, &says) ? 0 : 1;
	}
	ok = ok && put_text(out, status, slice_to(buf_slice(&says), TEXT_MOST));
	buf_free(&text);
	buf_free(&says);
	return ok;
}

/* It ends when nobody asks any more. */
static void helper_start(struct helper *h, const char *root)
{
	int ask[2], answer[2];
	*h = (struct helper){.ask = -1, .answer = -1, .visudo = access("/usr/sbin/visudo", X_OK) == 0};
	if (pipe2(ask, O_CLOEXEC))
		return;
	if (pipe2(answer, O_CLOEXEC)) {
		close(ask[0]);
		close(ask[1]);
		return;
	}
	pid_t pid = fork();
	if (pid == 0) {
		close(ask[1]);
		close(answer[0]);
		while (answer_one(root, ask[0], answer[1]))
			;
		_exit(0);
	}
	close(ask[0]);
	close(answer[1]);
	h->ask = ask[1];
	h->answer = answer[0];
	h->there = pid > 0;
}

static void helper_end(struct helper *h)
{
	if (h->ask >= 0)
		close(h->ask);
	if (h->answer >= 0)
		close(h->answer);
}

static bool ask(struct helper *h, int32_t what, struct slice text, int32_t *status, struct buf *out)
{
	if (h->there && text.n < TEXT_MOST && put_text(h->ask, what, text) && get_text(h->answer, status, out))
		return true;
	h->there = false;
	return false;
}

struct files { const struct snapshot *here; struct helper helper; bool unchecked; };

static bool sudoers_ok(void *arg, struct slice host, struct slice file, struct slice text, struct buf *why)
{
	struct files *f = arg;
	int32_t status;
	(void)host;
	(void)file;
	f->unchecked |= !f->helper.visudo;
	if (!f->helper.visudo)
		return true;
	if (ask(&f->helper, 'v', text, &status, why))
		return status == 0;
	buf_addz(why, "visudo could not be asked");
	return false;
}

static bool read_file(void *arg, struct slice host, struct slice file, struct buf *out)
{
	struct files *f = arg;
	int32_t status;
	return f->here && slice_eq(f->here->host, host) && ask(&f->helper, 'r', file, &status, out) && status == 0;
}

/* The snapshot of the root that can be read: of the same name, or the only one. */
static const struct snapshot *this_one(const struct privilege_inputs *in, const struct args *a)
{
	struct utsname u;
	if (args_has(a, "root"))
		return in->n == 1 ? in->v[0] : NULL;
	if (uname(&u))
		return NULL;
	struct slice name = slice_of(u.nodename), rest = name, label;
	if (!slice_cut(&rest, '.', &label))
		label = name;
	for (size_t i = 0; i < in->n; i++)
		if (slice_ieq(in->v[i]->host, name) || slice_ieq(in->v[i]->host, label))
			return in->v[i];
	return NULL;
}

/* ---- what is asked for ------------------------------------------------------------------------------------------------------------------------ */

/* With --from and --to: what the cheapest cut takes away. Else what was not used. 0, or an exit code after a message. */
static int chosen(const struct privilege *p, const struct args *a, bool **out)
{
	struct priv_set from = {0}, to = {0};
	struct priv_cut c = {0};
	struct err e;
	const struct right *rights;
	size_t n = privilege_rights(p, &rights);
	*out = NULL;
	if (!args_has(a, "from") && !args_has(a, "to"))
		return 0;
	int rc = places_of(p, a, "from", &from);
	if (!rc)
		rc = places_of(p, a, "to", &to);
	if (!rc && privilege_cut(p, &from, &to, &c, &e)) {
		complain_err(&e);
		rc = EXIT_INPUT;
	}
	if (!rc && !c.possible) {
		complain("privilege suggest: no set of rights would do; see postern privilege cut");
		rc = EXIT_CONDITION;
	}
	*out = rc ? NULL : xcalloc(n + 1, sizeof **out);
	for (size_t i = 0; i < c.n && !rc; i++)
		(*out)[c.rights[i]] = true;
	priv_cut_free(&c);
	priv_set_free(&from);
	priv_set_free(&to);
	return rc;
}

static void print_json(const struct privilege_inputs *in, struct slice patch, struct slice undo, struct slice notes, struct buf *out)
{
	const struct { const char *name; struct slice text; } parts[] = {{"patch", patch}, {"undo", undo}, {"notes", notes}};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		buf_addf(out, "%s\"%s\":", i ? "," : "{", parts[i].name);
		buf_json(out, parts[i].text);
	}
	places_unknown_json(in, out);
	buf_addz(out, "}\n");
}

static void print_text(struct slice patch, struct slice notes, struct buf *out)
{
	struct slice rest = notes, line;
	if (!patch.n && !notes.n)
		buf_addz(out, "# Nothing to suggest.\n");
	while (slice_cut(&rest, '\n', &line))
		buf_addf(out, "# %.*s\n", SLFMT(line));
	if (notes.n && patch.n)
		buf_addc(out, '\n');
	buf_adds(out, patch);
}

static int tell(const struct privilege_inputs *in, const struct privilege *p, const struct args *a, struct files *f)
{
	struct priv_suggest s = {.read = read_file, .sudoers_ok = sudoers_ok, .arg = f};
	struct buf patch = {0}, undo = {0}, notes = {0}, out = {0};
	struct err e;
	bool *which, ok = true;
	int rc = chosen(p, a, &which);
	s.chosen = which;
	if (!rc && privilege_suggest(p, &s, &patch, &undo, &notes, &e)) {
		complain_err(&e);
		rc = EXIT_INPUT;
	}
	if (!rc && !in->usage && !which)
		buf_addz(&notes, "No logs were given (--logs): what is unused is not known, and nothing is suggested for it.\n");
	if (!rc && f->unchecked)
		buf_addz(&notes, "visudo is not installed here: run visudo -c after patching.\n");
	if (!rc) {
		if (strcmp(format_of(a), "json") == 0)
			print_json(in, buf_slice(&patch), buf_slice(&undo), buf_slice(&notes), &out);
		else
			print_text(buf_slice(&patch), buf_slice(&notes), &out);
		ok = write_out(args_get(a, "output"), buf_slice(&out));
		if (ok && args_get(a, "undo"))
			ok = write_out(args_get(a, "undo"), buf_slice(&undo));
	}
	free(which);
	buf_free(&patch);
	buf_free(&undo);
	buf_free(&notes);
	buf_free(&out);
	return rc ? rc : ok ? EXIT_DONE : EXIT_INPUT;
}

int privilege_cmd_suggest(const struct args *a)
{
	struct privilege_inputs in;
	struct privilege *p = NULL;
	struct files f = {0};
	const char *format = format_of(a);
	if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
		complain("privilege suggest: --format text or json");
		return EXIT_USAGE;
	}
	helper_start(&f.helper, args_get(a, "root") ? args_get(a, "root") : "/");
	int rc = privilege_inputs_open(&in, a);
	f.here = this_one(&in, a);
	if (!rc && !(p = privilege_inputs_build(&in, a)))
		rc = EXIT_USAGE;
	if (!rc)
		rc = tell(&in, p, a, &f);
	helper_end(&f.helper);
	privilege_free(p);
	rc = rc ? rc : in.missing;
	privilege_inputs_free(&in);
	return rc;
}
