/* web_process.c - a web server's account runs what web servers do not.
 *
 * Which account that is the log itself tells: known names; whoever runs php-fpm, gunicorn and like, or is their child; a
 * process without a login that works in a web root. An account learnt so is remembered for its host. A service account of
 * which none of this is known still asks who it is only when somebody else is behind it. */
#include "detect/profile.h"

static const enum action wants[] = {ACT_EXEC, ACT_FILE_CREATED, ACT_NONE};
static const char *const techniques[] = {"T1505.003", "T1059.004", NULL};

struct web_account {
	bool web;
	nstime asked;              /* the first of the questions below */
	struct small_set questions; /* of a service account: who am I, what may I do */
};

/* ---- who is a web server ------------------------------------------------------------------------------------- */

static const char *const servers[] = {
	"php-fpm", "php-cgi", "gunicorn", "uwsgi", "puma", "unicorn", "passenger", "uvicorn", "hypercorn", "waitress", "fcgiwrap",
	"lsphp", "apache2", "httpd", "nginx", "lighttpd", "caddy", "litespeed",
};

/* "php-fpm8.2", "/usr/bin/gunicorn", "puma:", "uwsgi-core" */
static bool server_name(struct slice s)
{
	s = slice_basename(s);
	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		struct slice name = slice_of(servers[i]);
		if (slice_starts(s, name) && (s.n == name.n || !((s.p[name.n] | 0x20) >= 'a' && (s.p[name.n] | 0x20) <= 'z')))
			return true;
	}
	return false;
}

/* "/usr/bin/python3 /usr/bin/gunicorn portal:app", "php-fpm: pool portal" */
static bool server_line(struct slice line)
{
	enum { WORDS = 3 };
	for (int i = 0; i < WORDS && line.n; i++) {
		struct slice word;
		if (!slice_cut(&line, ' ', &word)) {
			word = line;
			line.n = 0;
		}
		if (server_name(word))
			return true;
		if (i == 0 && !slice_has(word, SL("python")) && !slice_has(word, SL("ruby")))
			return false;
	}
	return false;
}

static bool parent_serves(const struct event *e)
{
	return server_name(event_str(e, F_PARENT_EXE)) || server_name(event_str(e, F_PARENT_NAME)) || server_line(event_str(e, F_PARENT_CMDLINE));
}

static bool serves(const struct event *e)
{
	return server_name(event_str(e, F_PROCESS_EXE)) || server_name(event_str(e, F_PROCESS_NAME)) || server_line(event_str(e, F_PROCESS_CMDLINE));
}

static bool known_name(struct slice user, const struct event *e)
{
	if (slice_in_list(user, "www-data apache apache2 nginx http httpd www wwwrun tomcat tomcat8 tomcat9 tomcat10 lighttpd caddy php-fpm"))
		return true;
	return !user.n && slice_eq(event_str(e, F_USER_ID), SL("33"));
}

static bool has_login(const struct event *e)
{
	return event_str(e, F_USER_AUDIT).n || event_str(e, F_USER_AUDIT_ID).n;
}

static bool in_web_root(const struct detect *d, const struct event *e)
{
	static const char *const usual[] = {"/var/www/", "/srv/www/", "/srv/http/", "/usr/share/nginx/"};
	struct slice cwd = event_str(e, F_PROCESS_CWD);
	/* only auditd tells that nobody logged in for the process; cron's jobs have a login */
	if (!slice_eq(e->dataset, SL("auditd")) || has_login(e))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (slice_starts(cwd, slice_of(usual[i])))
			return true;
	return cwd.n && org_web_path(detect_org(d), cwd);
}

static bool is_root(const struct event *e)
{
	struct slice id = event_str(e, F_USER_ID);
	return id.n ? slice_eq(id, SL("0")) : slice_eq(event_str(e, F_USER_NAME), SL("root"));
}

/* What is remembered of the account on its host; NULL: it is nobody's, or root. */
static struct web_account *account_of(void *state, const struct actor *a, const struct event *e)
{
	struct slice name = a->account.n ? a->account : event_str(e, F_USER_ID);
	bool fresh;
	if (!name.n || is_root(e))
		return NULL;
	struct key k UNINIT;
	key_init(&k);
	key_add(&k, a->host);
	key_add(&k, name);
	struct web_account *w = lru_put(state, key_slice(&k), &fresh);
	if (fresh)
		w->asked = NSTIME_NONE;
	return w;
}

/* ---- what it runs -------------------------------------------------------------------------------------------- */

/* What an intruder types first, and a web application does not run. */
static const char *const discovery = "id whoami uname hostname w who last ifconfig ip netstat ss ps arp route getent lsb_release cat head ls find nc ncat socat "
				     "base64 chmod curl wget python python3 perl tcpdump ssh scp sudo su crontab nmap";

static bool discovers(const struct command *c)
{
	if (slice_in_list(c->tool, "sh bash dash zsh ksh"))
		return command_has(c, "-i");
	return slice_in_list(c->tool, discovery);
}

/* An application server starts itself, and its jobs are scripts: python manage.py */
static bool own_work(const struct command *c)
{
	return server_line(c->line) || (slice_in_list(c->tool, "python python3 perl") && !command_has(c, "-c") && !command_has(c, "-e"));
}

/* Questions no service asks for its work. */
static bool asks_who(const struct command *c)
{
	return slice_eq(c->tool, SL("whoami")) || (slice_eq(c->tool, SL("id")) && c->n == 1) || (slice_eq(c->tool, SL("sudo")) && command_has(c, "-l")) ||
	       (slice_eq(c->tool, SL("cat")) && command_has(c, "/etc/passwd"));
}

static bool might(const struct command *c)
{
	return discovers(c) || server_line(c->line);
}

/* A health check: curl http://localhost/ */
static bool asks_ourselves(const struct detect *d, const struct command *c)
{
	bool address;
	return slice_in_list(c->tool, "curl wget") && slice_has(c->line, SL("://")) && !fetched_from(detect_org(d), c, &address).n;
}

/* Of a service account of which nothing is known: the second question within an hour. */
static bool asks_too_much(struct web_account *w, const struct command *c, nstime t)
{
	if (!asks_who(c))
		return false;
	if (w->asked == NSTIME_NONE || t - w->asked > NS_HOUR) {
		w->asked = t;
		w->questions.n = w->questions.next = 0;
	}
	set_add(&w->questions, hash_slice(c->tool));
	return w->questions.n > 1;
}

static void *create(struct detect *d)
{
	(void)d;
	return lru_new(sizeof(struct web_account), MEM_ACCOUNTS / 4, NULL, NULL);
}

static void destroy(void *state)
{
	lru_free(state);
}

static void tell(struct detect *d, const struct event *e, const struct actor *a, const struct command *c, bool web)
{
	bool fresh, named = known_name(event_str(e, F_USER_NAME), e);
	struct slice account = a->account.n ? a->account : event_str(e, F_USER_ID);
	struct finding *f = detect_open(d, &detector_web_process, a->host, 6 * NS_HOUR, e->time, &fresh);
	if (fresh) {
		if (named)
			finding_printf(f, &f->title, "The web server's account ran %.*s on %.*s", SLFMT(c->tool), SLFMT(a->host));
		else
			finding_printf(f, &f->title, "%.*s, %s, ran %.*s on %.*s", SLFMT(account), web ? "an account of the web server" : "a service's account without a login",
				SLFMT(c->tool), SLFMT(a->host));
		finding_printf(f, &f->text, "Commands like these under %s account are typed by somebody who got in through %s First seen: %.*s", web ? "a web server's" : "a service's",
			web ? "a web page: a web shell." : "what the service offers.", SLFMT(slice_to(c->line, 200)));
		finding_actor(f, a);
	}
	if (f->nentities < 24)
		finding_entity(f, ENT_COMMAND, c->line);
	finding_evidence(f, e);
	if (f->count >= 3)
		finding_raise(f, LEVEL_HIGH);
}

static void on_event(struct detect *d, void *state, const struct event *e)
{
	struct command c UNINIT;
	struct actor a UNINIT;
	detect_actor(d, e, &a);
	bool login = has_login(e) && !a.service; /* a person who became the account is somebody else's finding */
	bool web = known_name(event_str(e, F_USER_NAME), e);
	struct web_account *w = web || login || (a.person && !a.service) ? NULL : account_of(state, &a, e);
	if (w && !w->web)
		w->web = serves(e) || parent_serves(e) || in_web_root(d, e);
	web |= w && w->web;
	if (login || e->action != ACT_EXEC || !(web || (w && a.service)) || !command_find(e, discovers, &c) || asks_ourselves(d, &c) || (w && own_work(&c)))
		return;
	if (web || (!has_login(e) && slice_eq(e->dataset, SL("auditd")) && asks_too_much(w, &c, e->time)))
		tell(d, e, &a, &c, web);
}

const struct detector detector_web_process = {
	.info = {"postern.web-shell-process", "Web server's account runs commands", LEVEL_MEDIUM, STAGE_TOOLS, techniques,
		"Programs for looking around, fetching and connecting, started by the account of a web server or application server, known by name or learnt "
		"from its processes and where they work; any service account that asks who it is; three within hours are high.",
		"Web applications that call curl, find or python; the account's cron jobs; agents that deploy from within a web root."},
	.wants = wants, .create = create, .might = might, .event = on_event, .destroy = destroy, .tables = tables_one,
};
