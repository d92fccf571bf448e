#include "cmd/setup.h"
#include "sys/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int zone_cb(void *arg, nstime local)
{
	return zone_offset_local(arg, local);
}

static int org_cb(void *arg, nstime local)
{
	/* local civil time to UTC: ask with the offset of the first guess */
	const struct org *o = arg;
	int first = org_utc_offset(o, local);
	return org_utc_offset(o, local - first * NS_SEC);
}

static bool readable(const char *path)
{
	return access(path, R_OK) == 0;
}

/* org.yaml in a named folder or beside a named file. */
static bool org_nearby(struct setup *s, const struct args *a)
{
	for (size_t i = 0; i < a->noperands; i++) {
		struct stat st;
		const char *p = a->operand[i];
		if (stat(p, &st))
			continue;
		const char *slash = strrchr(p, '/');
		int n = S_ISDIR(st.st_mode) ? snprintf(s->org_path, sizeof s->org_path, "%s/org.yaml", p)
					     : snprintf(s->org_path, sizeof s->org_path, "%.*sorg.yaml", slash ? (int)(slash - p + 1) : 0, p);
		if (n > 0 && (size_t)n < sizeof s->org_path && readable(s->org_path))
			return true;
	}
	return false;
}

static bool org_default(struct setup *s)
{
	const char *dir = getenv("POSTERN_CONFIG");
	int n = snprintf(s->org_path, sizeof s->org_path, "%s/org.yaml", dir && *dir ? dir : "/etc/postern");
	if (n > 0 && (size_t)n < sizeof s->org_path && readable(s->org_path))
		return true;
	s->org_path[0] = 0;
	return false;
}

static int load_org(struct setup *s, const struct args *a, bool nearby)
{
	struct err e;
	const char *named = args_get(a, "org");
	if (named)
		snprintf(s->org_path, sizeof s->org_path, "%s", named);
	if (!named && !(nearby && org_nearby(s, a)) && !org_default(s)) {
		s->org = org_new();
		return 0;
	}
	s->org = org_load(s->org_path, &e);
	if (s->org)
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

int setup_org(struct setup *s, const struct args *a)
{
	return load_org(s, a, false);
}

static int set_zone(struct setup *s, const struct args *a)
{
	struct err e;
	const char *tz = args_get(a, "tz");
	if (tz) {
		s->zone = zone_load(slice_of(tz), &e);
		if (!s->zone) {
			complain("--tz %s: %s", tz, e.text);
			return EXIT_USAGE;
		}
		s->decode.utc_offset = zone_cb;
		s->decode.utc_arg = s->zone;
	} else if (org_timezone(s->org).n) {
		s->decode.utc_offset = org_cb;
		s->decode.utc_arg = s->org;
	}
	return 0;
}

static unsigned thread_count(const struct args *a)
{
	uint64_t n;
	const char *text = args_get(a, "threads");
	if (text && slice_u64(slice_of(text), THREADS_MAX, &n))
		return (unsigned)n;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return cpus > 0 ? (unsigned)MIN(cpus, 16) : 1;
}

const char *folder_of(const char *file, char *buf, size_t n)
{
	const char *slash = strrchr(file, '/');
	snprintf(buf, n, "%.*s", slash ? (int)MAX(slash - file, 1) : 1, slash ? file : ".");
	return buf;
}

/* From here on the process reads what strangers wrote: it keeps only what reading and reporting need. */
int setup_confine(const struct args *a)
{
	return setup_confine_with(a, NULL, NULL);
}

int setup_confine_with(const struct args *a, const char *state, const char *other)
{
	struct err e;
	bool landlock;
	char folder[4096];
	const char *output = args_get(a, "output"), *tmp = getenv("TMPDIR"), *writable[7];
	size_t n = 0;
	writable[n++] = "/dev/null";
	if (access(tmp && *tmp ? tmp : "/tmp", W_OK) == 0)
		writable[n++] = tmp && *tmp ? tmp : "/tmp";
	if (output && strcmp(output, "-") != 0)
		writable[n++] = folder_of(output, folder, sizeof folder);
	if (state)
		writable[n++] = state;
	if (other)
		writable[n++] = other;
	writable[n] = NULL;
	sys_raise_files();
	struct sys_confine c = {.writable = writable, .as_owner = state != NULL};
	if (!sys_confine(&c, &landlock, &e))
		return 0;
	complain_err(&e);
	return EXIT_USAGE;
}

int setup_begin(struct setup *s, const struct args *a)
{
	*s = (struct setup){.threads = thread_count(a), .decode.now = (nstime)time(NULL) * NS_SEC};
	if (gethostname(s->this_host, sizeof s->this_host - 1))
		s->this_host[0] = 0;
	int r = load_org(s, a, true);
	return r ? r : set_zone(s, a);
}

void setup_look(struct setup *s, const struct args *a)
{
	struct err e;
	struct source_options so = {.all = args_has(a, "all")};
	if (!args_has(a, "quiet"))
		progress_say("looking for logs, unpacking archives");
	int found = source_find(&s->set, a->operand, a->noperands, &so, &e);
	if (!args_has(a, "quiet"))
		progress_clear();
	if (found) {
		complain_err(&e);
		s->missing = EXIT_INPUT;
	}
}

int setup_inputs(struct setup *s, const struct args *a)
{
	if (!a->noperands) {
		fprintf(stderr, "postern %s: nothing to read: name files or folders, or - for standard input.\nTry 'postern %s --help'.\n",
			a->command->name, a->command->name);
		return EXIT_USAGE;
	}
	int r = setup_begin(s, a);
	if (!r)
		r = setup_confine(a);
	if (!r)
		setup_look(s, a);
	return r;
}

void setup_free(struct setup *s)
{
	source_set_free(&s->set);
	zone_free(s->zone);
	org_free(s->org);
	lure_products_free(s->products);
}

void setup_tell_problems(const struct setup *s, size_t most)
{
	struct buf b = {0};
	for (size_t i = 0; i < s->set.problems.n && i < most; i++) {
		const struct problem *p = &s->set.problems.v[i];
		b.n = 0;
		buf_term(&b, p->path);
		buf_addz(&b, ": ");
		buf_term(&b, p->text);
		complain("%.*s", SLFMT(buf_slice(&b)));
	}
	if (s->set.problems.n > most)
		complain("and %zu more inputs with problems", s->set.problems.n - most);
	buf_free(&b);
}

const char *shared_file(const char *variable, const char *installed, const char *source, char *buf, size_t n)
{
	const struct { const char *folder, *name; } beside[] = {{"../share/postern", installed}, {"../..", source}}; /* of the program: installed, or in its build folder */
	const char *env = getenv(variable);
	if (env && *env) {
		snprintf(buf, n, "%s", env);
		return buf;
	}
	char self[2048];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	self[len > 0 ? len : 0] = 0;
	char *slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < ARRAY_LEN(beside); i++) {
		char path[4096], *real;
		int w = snprintf(path, sizeof path, "%.*s/%s/%s", (int)(slash - self), self, beside[i].folder, beside[i].name);
		real = w > 0 && (size_t)w < sizeof path ? realpath(path, NULL) : NULL;
		if (real && access(real, R_OK) == 0 && strlen(real) < n) {
			snprintf(buf, n, "%s", real);
			free(real);
			return buf;
		}
		free(real);
	}
	buf[0] = 0;
	return buf;
}

static int load_products(struct lure_products *p, const struct args *a, struct err *e)
{
	char path[4096];
	const char *dir = getenv("POSTERN_CONFIG"), *own;
	if (!*shared_file("POSTERN_PRODUCTS", "products.yaml", "lists/products.yaml", path, sizeof path))
		return err_set(e, ERR_NOENT, "the list of products that comes with postern (share/postern/products.yaml) is not there; POSTERN_PRODUCTS may name one");
	int rc = lure_products_load(p, path, e);
	int n = snprintf(path, sizeof path, "%s/products.yaml", dir && *dir ? dir : "/etc/postern");
	bool named = args_list(a, "products", 0);
	if (!rc && !named && n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0)
		rc = lure_products_load(p, path, e);
	for (size_t i = 0; !rc && named && (own = args_list(a, "products", i)); i++)
		rc = lure_products_load(p, own, e);
	return rc;
}

int setup_known(struct setup *s, const struct args *a, struct lure_known *out)
{
	struct err e;
	size_t n;
	int rc = setup_org(s, a);
	if (rc)
		return rc;
	s->products = lure_products_new();
	if (load_products(s->products, a, &e)) {
		complain_err(&e);
		return EXIT_USAGE;
	}
	const struct slice *domains = org_domains(s->org, &n);
	*out = (struct lure_known){.own_domains = domains, .nown_domains = n, .products = s->products};
	return 0;
}

bool state_file(const struct args *a, const char *name, char *out, size_t n)
{
	const char *dir = args_get(a, "state");
	if (!dir)
		dir = getenv("POSTERN_STATE");
	int len = snprintf(out, n, "%s%s%s", dir && *dir ? dir : "/var/lib/postern", *name ? "/" : "", name);
	if (len > 0 && (size_t)len < n)
		return true;
	complain("--state: the name is too long");
	return false;
}
