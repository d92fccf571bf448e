/* cmd_inspect.c - postern inspect: documents, archives, installers, messages: is this bait, and what in it says so. */
#include "cmd/inspect_files.h"
#include "cmd/inspect_past.h"
#include "cmd/inspect_report.h"
#include "cmd/setup.h"
#include "cmd/state.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
	{"format", 'f', OPT_CHOICE, "text|json", "how to print: text, or a JSON object a line for each file (default text)"},
	{"language", 'L', OPT_CHOICE, "en|de|ko", "language of what is said to employees (default: of LANG, else English)"},
	{"explain", 'e', OPT_FLAG, NULL, "also say what each indicator means, for who knows the field"},
	{"tree", 't', OPT_FLAG, NULL, "also list what is in it: containers in containers, with type and SHA-256"},
	{"quiet", 'q', OPT_FLAG, NULL, "say nothing about what is clean as far as seen"},
	{"password", 'p', OPT_LIST, "WORD", "may open what is encrypted; may be given several times"},
	{"yara", 'y', OPT_LIST, "FILE", "also ask YARA rules of your own; may be given several times"},
	{"clamd", 0, OPT_TEXT, "SOCKET", "also ask clamd over its socket"},
	{"fail-on", 0, OPT_CHOICE, "cannot-tell|suspicious|lure", "exit 1 when a verdict is so or worse"},
	{"org", 'o', OPT_TEXT, "FILE", "organisation file: own domains, staff, partners (default: /etc/postern/org.yaml)"},
	{"trust", 'T', OPT_LIST, "SERVER", "mail server whose Authentication-Results count; may be given several times"},
	{"trust-unnamed", 0, OPT_FLAG, NULL, "also the topmost such field without a server's name (as Microsoft writes it)"},
	PRODUCTS_OPTION,
	STATE_OPTION,
	{"report-as", 'r', OPT_TEXT, "USER", "an employee (account or mail address) reports them: recorded in the state, and joined\nwith what others reported and endpoints logged"},
	{"jobs", 'j', OPT_NUMBER, "N", "files looked at at a time (default: the machine's processors)", 1, 64},
	{"depth", 0, OPT_NUMBER, "N", "containers in containers (default 6)", 1, 32},
	{"seconds", 0, OPT_NUMBER, "N", "time for one file (default 8)", 1, 19},
	{"color", 0, OPT_CHOICE, "auto|always|never", "colours (default: on a terminal)"},
	{0},
};

struct slot { struct buf text, saved /* while the history is not asked yet */; int state; /* 0 waiting, 1 done */ enum verdict verdict; bool failed; };
struct job {
	const struct args *args;
	struct inspect *pool;
	struct inspect_past *past;     /* NULL: no history is kept */
	struct inspect_report *report; /* NULL: nobody reports */
	struct inspect_files files;
	struct slot *slots;
	size_t next;
	pthread_mutex_t lock;
	pthread_cond_t done;
	enum lure_language language;
	struct slice passwords[20]; size_t npasswords;
	bool json, explain, tree, quiet, color;
};

static enum lure_language language_of(const char *text)
{
	return text && strncmp(text, "de", 2) == 0 ? LURE_DE : text && strncmp(text, "ko", 2) == 0 ? LURE_KO : LURE_EN;
}

static void tell(struct job *j, struct lure *l, struct slice name, struct slot *s)
{
	struct lure_verdict v;
	lure_judge(l, &v);
	s->verdict = v.verdict;
	if (j->report)
		inspect_report_add(j->report, name, l, &v);
	if (j->json)
		lure_json(l, &v, name, &s->text);
	else if (!j->quiet || v.verdict != VERDICT_CLEAN)
		lure_text(l, &v, name, j->language, j->explain, j->tree, j->color, &s->text);
}

static void *work(void *arg)
{
	struct job *j = arg;
	struct lure *l = lure_new(NULL);
	struct err e;
	for (;;) {
		pthread_mutex_lock(&j->lock);
		size_t i = j->next < j->files.n ? j->next++ : SIZE_MAX;
		pthread_mutex_unlock(&j->lock);
		if (i == SIZE_MAX)
			break;
		struct slot *s = &j->slots[i];
		int fd = inspect_files_open(&j->files, i, &e);
		if (fd < 0 || inspect_object(j->pool, fd, slice_of(j->files.v[i]), j->passwords, j->npasswords, l, &e)) {
			complain_err(&e);
			s->failed = true;
		} else if (j->past) {
			inspect_past_add(j->past, i, l);
			lure_save(l, &s->saved);
		} else {
			tell(j, l, slice_of(j->files.v[i]), s);
		}
		if (fd >= 0)
			close(fd);
		pthread_mutex_lock(&j->lock);
		s->state = 1;
		pthread_cond_signal(&j->done);
		pthread_mutex_unlock(&j->lock);
	}
	lure_free(l);
	return NULL;
}

static void wait_for(struct job *j, const struct slot *s)
{
	pthread_mutex_lock(&j->lock);
	while (!s->state)
		pthread_cond_wait(&j->done, &j->lock);
	pthread_mutex_unlock(&j->lock);
}

/* What a message means may depend on every one before it, in whatever file that stands. */
static bool ask_history(struct job *j)
{
	struct err e;
	for (size_t i = 0; i < j->files.n; i++) {
		wait_for(j, &j->slots[i]);
		progress_show(i + 1, j->files.n, "inspecting");
	}
	progress_clear();
	if (!inspect_past_judge(j->past, &e))
		return true;
	complain_err(&e);
	return false;
}

static void tell_saved(struct job *j, struct lure *l, size_t i)
{
	struct slot *s = &j->slots[i];
	if (s->failed || !lure_load(l, buf_slice(&s->saved)))
		return;
	inspect_past_tell(j->past, i, l);
	tell(j, l, slice_of(j->files.v[i]), s);
	buf_free(&s->saved);
}

/* In the order of the arguments, whoever was ready first. */
static bool print_all(struct job *j, size_t count[4], size_t *failed)
{
	bool asked = !j->past || ask_history(j), ok = true;
	struct lure *l = lure_new(NULL);
	for (size_t i = 0; i < j->files.n; i++) {
		struct slot *s = &j->slots[i];
		wait_for(j, s);
		progress_clear();
		if (j->past)
			tell_saved(j, l, i);
		ok = ok && (!s->text.n || write_out(NULL, buf_slice(&s->text)));
		*failed += s->failed;
		if (!s->failed)
			count[s->verdict]++;
		buf_free(&s->text);
		progress_show(i + 1, j->files.n, "inspecting");
	}
	progress_clear();
	lure_free(l);
	return ok && asked;
}

static int run_threads(struct job *j, unsigned n, size_t count[4], size_t *failed)
{
	pthread_t threads[64];
	unsigned started = 0;
	for (; started < n && pthread_create(&threads[started], NULL, work, j) == 0; started++)
		;
	if (!started) {
		complain("cannot start a thread");
		return EXIT_INPUT;
	}
	bool ok = print_all(j, count, failed);
	while (started)
		pthread_join(threads[--started], NULL);
	return ok ? 0 : EXIT_INPUT;
}

static int exit_code(const struct args *a, const size_t count[4], size_t failed)
{
	const char *on = args_get(a, "fail-on");
	if (failed)
		return EXIT_INPUT;
	for (int v = VERDICT_CANNOT_TELL; on && v <= VERDICT_LURE; v++)
		if (count[v] && v >= (strcmp(on, "lure") == 0 ? VERDICT_LURE : strcmp(on, "suspicious") == 0 ? VERDICT_SUSPICIOUS : VERDICT_CANNOT_TELL))
			return EXIT_CONDITION;
	return EXIT_DONE;
}

static int inspect_all(struct job *j, const struct args *a)
{
	size_t count[4] = {0}, failed = 0;
	const char *jobs = args_get(a, "jobs");
	long cpus = jobs ? strtol(jobs, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = (unsigned)MIN(MAX(cpus, 1), 64);
	j->slots = xcalloc(j->files.n + 1, sizeof *j->slots);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->done, NULL);
	int rc = run_threads(j, n, count, &failed);
	if (!rc && !j->json && j->files.n > 1)
		printf("%zu files: %zu lures, %zu suspicious, %zu cannot be told, %zu clean as far as seen\n", j->files.n - failed, count[VERDICT_LURE], count[VERDICT_SUSPICIOUS],
		       count[VERDICT_CANNOT_TELL], count[VERDICT_CLEAN]);
	free(j->slots);
	return rc ? rc : exit_code(a, count, failed + j->files.failed);
}

/* 0, or an exit code after a message. */
static int prepare(struct job *j, const struct args *a, const struct org *org)
{
	struct err e;
	if (args_has(a, "report-as") && !(j->report = inspect_report_new(args_get(a, "report-as"), org)))
		return EXIT_USAGE;
	if (args_has(a, "state") && !(j->past = inspect_past_open(a, org, &e))) {
		complain_err(&e);
		return EXIT_INPUT;
	}
	if (!inspect_files_find(&j->files, a, &e))
		return 0;
	complain_err(&e);
	return EXIT_INPUT;
}

static int run(const struct args *a)
{
	struct job j = {.args = a, .json = args_get(a, "format") && strcmp(args_get(a, "format"), "json") == 0, .explain = args_has(a, "explain"), .tree = args_has(a, "tree"),
		.quiet = args_has(a, "quiet"), .color = term_color(STDOUT_FILENO, args_get(a, "color"))};
	const char *jobs = args_get(a, "jobs"), *depth = args_get(a, "depth"), *seconds = args_get(a, "seconds"), *lang = getenv("LC_ALL");
	struct inspect_options o = {.workers = (unsigned)MIN(MAX(jobs ? strtol(jobs, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN), 1), 64)};
	struct err e;
	if (!a->noperands) {
		complain("inspect: say which files or folders to look at, or - for standard input\nTry 'postern inspect --help'.");
		return EXIT_USAGE;
	}
	o.limits.depth = depth ? (uint32_t)strtoul(depth, NULL, 10) : 0;
	o.limits.milliseconds = seconds ? (uint32_t)strtoul(seconds, NULL, 10) * 1000 : 0;
	j.language = language_of(args_has(a, "language") ? args_get(a, "language") : lang && *lang ? lang : getenv("LANG"));
	const char *trusted[ARGS_LIST_MAX + 1] = {0};
	struct setup setup = {0};
	for (size_t i = 0; args_list(a, "trust", i); i++)
		trusted[i] = args_list(a, "trust", i);
	o.trusted = trusted;
	const char *yara[ARGS_LIST_MAX + 1] = {0};
	for (size_t i = 0; args_list(a, "yara", i); i++)
		yara[i] = args_list(a, "yara", i);
	o.yara = yara;
	o.clamd = args_get(a, "clamd");
	o.trust_unnamed = args_has(a, "trust-unnamed");
	struct lure_known known;
	int rc = setup_known(&setup, a, &known);
	if (rc) {
		setup_free(&setup);
		return rc;
	}
	o.org = setup.org;
	o.known = &known;
	for (const char *w; j.npasswords < ARRAY_LEN(j.passwords) && (w = args_list(a, "password", j.npasswords));)
		j.passwords[j.npasswords++] = slice_of(w);
	j.pool = inspect_new(&o, &e);
	if (!j.pool) {
		complain_err(&e);
		setup_free(&setup);
		return e.code == ERR_SYNTAX ? EXIT_USAGE : EXIT_INPUT;
	}
	rc = prepare(&j, a, setup.org);
	if (!rc)
		rc = inspect_all(&j, a);
	inspect_past_free(j.past);
	inspect_files_free(&j.files);
	inspect_free(j.pool);
	int sent = j.report ? inspect_report_send(j.report, a) : 0;
	rc = sent ? sent : rc;
	inspect_report_free(j.report);
	setup_free(&setup);
	return rc;
}

const struct command command_inspect = {
	.name = "inspect",
	.summary = "is this document, archive, installer or message bait",
	.usage = "inspect [OPTION...] PATH...",
	.description = "Takes files apart (documents, archives, images of disks, shortcuts, installers, code packages, messages) and says what is\n"
		       "wrong with them, for an employee and, with --explain, for an analyst. The verdict is one of: clean as far as seen, cannot tell,\n"
		       "suspicious, lure. Nothing is executed, opened with an application, or fetched; each file is parsed in a process that can do\n"
		       "nothing else. Folders are walked; - is standard input.",
	.options = options,
	.examples = "  postern inspect ~/Downloads/offer.zip\n  postern inspect --explain --tree offer.docx\n  postern inspect --format json mail/ | jq 'select(.verdict==\"lure\")|.path'\n",
	.run = run,
};
