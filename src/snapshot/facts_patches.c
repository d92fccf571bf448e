/* facts_patches.c - where programs come from: sources of apt and yum, settings, folders that serve other machines. */
#include "snapshot/facts_private.h"

#include <stdlib.h>

/* ---- apt ------------------------------------------------------------------------------------------------------------------- */
static void source(struct collector *c, const char *path, int64_t line, struct slice text, bool trusted, bool keyed)
{
	fact(c, path, line, "apt.source", text);
	if (trusted)
		fact(c, path, line, "apt.source.trusted", text);
	if (keyed)
		fact(c, path, line, "apt.source.keyed", text);
}

static bool yes(struct slice v)
{
	return slice_ieq(v, SL("yes")) || slice_ieq(v, SL("true")) || slice_eqz(v, "1");
}

static void list_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct slice type, rest = t, o;
	bool trusted = false, keyed = false;
	(void)arg;
	if (!slice_word(&rest, &type) || (!slice_eqz(type, "deb") && !slice_eqz(type, "deb-src")))
		return;
	rest = slice_trim(rest);
	ssize_t end = rest.n && rest.p[0] == '[' ? slice_chr(rest, ']') : -1;
	struct slice options = end > 0 ? slice_make(rest.p + 1, (size_t)end - 1) : SLICE_NONE;
	while (slice_word(&options, &o)) {
		struct slice v = o, key;
		if (!slice_cut(&v, '=', &key))
			continue;
		trusted |= (slice_eqz(key, "trusted") || slice_eqz(key, "allow-insecure")) && yes(v);
		keyed |= slice_eqz(key, "signed-by") && v.n;
	}
	source(c, path, line, t, trusted, keyed);
}

/* One stanza of a .sources file. */
struct stanza { struct slice types, uris, suites, components, trusted, insecure, key; bool enabled, any; int64_t line; };

static void stanza_end(struct collector *c, const char *path, const struct stanza *s)
{
	bool trusted = yes(s->trusted) || yes(s->insecure);
	for (struct slice types = s->types, type; s->enabled && slice_word(&types, &type);)
		for (struct slice uris = s->uris, uri; slice_word(&uris, &uri);)
			for (struct slice suites = s->suites, suite; slice_word(&suites, &suite) && c->s->nfacts < 50000;) {
				const char *text = collect_path(c, "%.*s %s%.*s %.*s %.*s", SLFMT(type), trusted ? "[trusted=yes] " : s->key.n ? "[signed-by] " : "", SLFMT(uri), SLFMT(suite), SLFMT(s->components));
				source(c, path, s->line, slice_of(text), trusted, s->key.n > 0);
			}
}

static void sources_file(struct collector *c, const char *path)
{
	struct buf b = {0};
	struct slice text, line, *last = NULL;
	struct stanza s = {.enabled = true};
	int64_t n = 0;
	if (!below_read(c, path, COLLECT_FILE_MAX, "apt", NULL, &b, NULL, NULL))
		return;
	text = buf_slice(&b);
	for (bool more = true; more;) {
		more = next_line(&text, &line);
		n++;
		if (!more || !slice_trim(line).n) {
			if (s.any)
				stanza_end(c, path, &s);
			s = (struct stanza){.enabled = true};
			last = NULL;
			continue;
		}
		struct slice key, v = line;
		if (line.p[0] == '#' || line.p[0] == ' ' || line.p[0] == '\t' || !slice_cut(&v, ':', &key)) {
			if (last && last == &s.key && !s.key.n)
				s.key = SL("inline");
			continue;
		}
		v = slice_trim(v);
		const struct { const char *name; struct slice *to; } keys[] = {{"Types", &s.types}, {"URIs", &s.uris}, {"Suites", &s.suites}, {"Components", &s.components},
									       {"Trusted", &s.trusted}, {"Allow-Insecure", &s.insecure}, {"Signed-By", &s.key}};
		last = NULL;
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (slice_ieq(key, slice_of(keys[i].name))) {
				*keys[i].to = v;
				last = keys[i].to;
			}
		if (slice_ieq(key, SL("Enabled")))
			s.enabled = !slice_ieq(v, SL("no")) && !slice_ieq(v, SL("false")) && !slice_eqz(v, "0");
		s.line = s.any ? s.line : n;
		s.any = true;
	}
	buf_free(&b);
}

/* ---- apt.conf: NAME "value";  NAME { "value"; INNER "value"; }; --------------------------------------------------------------- */
struct aptconf { struct collector *c; const char *path; struct buf scope[8]; size_t depth; };

static void apt_setting(struct aptconf *a, int64_t line, struct slice name, struct slice value)
{
	struct buf full = {0};
	for (size_t i = 0; i < a->depth; i++)
		buf_addf(&full, "%.*s::", SLFMT(buf_slice(&a->scope[i])));
	buf_adds(&full, name);
	fact_of(a->c, a->path, line, "apt.conf", buf_slice(&full), value);
	buf_free(&full);
}

static size_t apt_token(struct slice t, size_t i, struct slice *out)
{
	size_t from = i;
	if (t.p[i] == '"') {
		for (i++; i < t.n && t.p[i] != '"' && t.p[i] != '\n';)
			i++;
		*out = slice_make(t.p + from + 1, i - from - 1);
		return MIN(i + 1, t.n);
	}
	while (i < t.n && !strchr(" \t\r\n{};\"", t.p[i]))
		i++;
	*out = slice_make(t.p + from, i - from);
	return MAX(i, from + 1);
}

static void apt_conf(struct collector *c, const char *path)
{
	struct buf b = {0};
	struct aptconf a = {.c = c, .path = path};
	struct slice name = SLICE_NONE, value = SLICE_NONE, token;
	bool has_value = false;
	int64_t line = 1;
	if (!below_read(c, path, COLLECT_FILE_MAX, "apt", NULL, &b, NULL, NULL))
		return;
	struct slice t = buf_slice(&b);
	for (size_t i = 0; i < t.n && c->s->nfacts < 50000;) {
		char ch = t.p[i];
		bool comment = (ch == '/' && i + 1 < t.n && t.p[i + 1] == '/') || ch == '#';
		if (comment) {
			while (i < t.n && t.p[i] != '\n')
				i++;
		} else if (ch == '/' && i + 1 < t.n && t.p[i + 1] == '*') {
			ssize_t end = slice_find(slice_from(t, i + 2), SL("*/"));
			for (size_t stop = end < 0 ? t.n : i + 4 + (size_t)end; i < stop; i++)
				line += t.p[i] == '\n';
		} else if (ch == ';') {
			if (name.n || has_value)
				apt_setting(&a, line, name, value);
			name = value = SLICE_NONE;
			has_value = false;
			i++;
		} else if (ch == '{') {
			if (a.depth < ARRAY_LEN(a.scope)) {
				a.scope[a.depth].n = 0;
				buf_adds(&a.scope[a.depth++], name);
			}
			name = SLICE_NONE;
			i++;
		} else if (ch == '}') {
			a.depth -= a.depth > 0;
			i++;
		} else if (ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n') {
			line += ch == '\n';
			i++;
		} else {
			bool quoted = ch == '"';
			i = apt_token(t, i, &token);
			if (quoted || name.n) {
				value = token;
				has_value = true;
			} else
				name = token;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(a.scope); i++)
		buf_free(&a.scope[i]);
	buf_free(&b);
}

static void keys(struct collector *c)
{
	struct slice *names;
	size_t n = 0;
	if (fact_there(c, "/etc/apt/trusted.gpg"))
		fact(c, "/etc/apt/trusted.gpg", 0, "apt.key", SL("/etc/apt/trusted.gpg"));
	if (below_names(c, "/etc/apt/trusted.gpg.d", "apt", NULL, &names, &n))
		for (size_t i = 0; i < n; i++)
			if (slice_ends(names[i], SL(".gpg")) || slice_ends(names[i], SL(".asc"))) {
				const char *p = collect_path(c, "/etc/apt/trusted.gpg.d/%.*s", SLFMT(names[i]));
				fact(c, p, 0, "apt.key", slice_of(p));
			}
}

/* Files that apt takes no notice of do not end as it wants. */
static void apt(struct collector *c)
{
	struct slice *names;
	size_t n = 0;
	struct fact_lines lists = {"apt", true, list_line, NULL};
	const char *path;
	if (!fact_program(c, "apt-get", &path))
		return;
	fact_lines(c, "/etc/apt/sources.list", &lists);
	fact_folder(c, "/etc/apt/sources.list.d", ".list", &lists);
	if (below_names(c, "/etc/apt/sources.list.d", "apt", NULL, &names, &n))
		for (size_t i = 0; i < n; i++)
			if (slice_ends(names[i], SL(".sources")) && names[i].p[0] != '.')
				sources_file(c, collect_path(c, "/etc/apt/sources.list.d/%.*s", SLFMT(names[i])));
	if (below_names(c, "/etc/apt/apt.conf.d", "apt", NULL, &names, &n))
		for (size_t i = 0; i < n; i++)
			if (names[i].p[0] != '.' && (slice_chr(names[i], '.') < 0 || slice_ends(names[i], SL(".conf"))))
				apt_conf(c, collect_path(c, "/etc/apt/apt.conf.d/%.*s", SLFMT(names[i])));
	apt_conf(c, "/etc/apt/apt.conf");
	keys(c);
	if (fact_program(c, "unattended-upgrade", &path))
		fact(c, path, 0, "unattended.installed", SL("yes"));
}

/* ---- yum ------------------------------------------------------------------------------------------------------------------------- */
struct repo { struct slice id, url, gpgcheck, enabled; int64_t line; const char *path; };

static void repo_end(struct collector *c, struct repo *r)
{
	if (r->id.n && r->path && !slice_eqz(r->id, "main"))
		fact_f(c, r->path, r->line, "yum.repo", "%.*s %.*s gpgcheck=%.*s enabled=%.*s", SLFMT(r->id), SLFMT(r->url.n ? r->url : SL("-")), SLFMT(r->gpgcheck.n ? r->gpgcheck : SL("default")),
		       SLFMT(r->enabled.n ? r->enabled : SL("1")));
	*r = (struct repo){0};
}

static void repo_line(struct collector *c, void *arg, const char *path, int64_t line, struct slice t)
{
	struct repo *r = arg;
	struct slice key;
	if (t.p[0] == '[') {
		repo_end(c, r);
		*r = (struct repo){.id = slice_dup(&c->scratch, slice_make(t.p + 1, t.n > 2 ? t.n - 2 : 0)), .line = line, .path = path};
	} else if (slice_cut(&t, '=', &key)) {
		struct slice v = slice_dup(&c->scratch, slice_trim(t));
		key = slice_trim(key);
		if (slice_eqz(key, "gpgcheck"))
			r->gpgcheck = v;
		else if (slice_eqz(key, "enabled"))
			r->enabled = v;
		else if (slice_eqz(key, "baseurl") || slice_eqz(key, "mirrorlist") || slice_eqz(key, "metalink"))
			r->url = v;
	}
}

static void yum(struct collector *c)
{
	static const char *const confs[] = {"/etc/yum.conf", "/etc/dnf/dnf.conf", "/etc/dnf/automatic.conf"};
	struct repo r = {0};
	fact_folder(c, "/etc/yum.repos.d", ".repo", &(struct fact_lines){"yum", false, repo_line, &r});
	repo_end(c, &r);
	for (size_t i = 0; i < ARRAY_LEN(confs); i++)
		fact_settings(c, confs[i], &(struct fact_settings){"yum.conf", "yum", NULL});
}

/* ---- what serves other machines ------------------------------------------------------------------------------------------------------ */
static const struct { const char *product, *needs, *folder; } served[] = {
	{"salt", "/etc/salt/master", "/srv/salt"}, {"salt", "/etc/salt/master", "/srv/pillar"}, {"puppet", "/etc/puppetlabs/puppetserver", "/etc/puppetlabs/code"},
	{"puppet", "/etc/puppet/puppet.conf", "/etc/puppet/code"}, {"ansible", "/etc/ansible", "/etc/ansible"}, {"aptly", "/etc/aptly.conf", "/var/lib/aptly"}, {"aptly", "/root/.aptly.conf", "/root/.aptly"},
	{"apt-mirror", "/etc/apt/mirror.list", "/var/spool/apt-mirror"}, {"reprepro", "/srv/reprepro/conf/distributions", "/srv/reprepro"},
	{"reprepro", "/srv/repo/conf/distributions", "/srv/repo"}, {"reprepro", "/var/www/repo/conf/distributions", "/var/www/repo"}, {"reprepro", "/var/www/html/repo/conf/distributions", "/var/www/html/repo"},
	{"pulp", "/etc/pulp/settings.py", "/var/lib/pulp"}, {"foreman", "/etc/foreman/settings.yaml", "/var/lib/foreman"}, {"createrepo", "/var/www/html/repodata/repomd.xml", "/var/www/html"},
	{"createrepo", "/srv/repo/repodata/repomd.xml", "/srv/repo"}, {"tftp", "/etc/default/tftpd-hpa", "/srv/tftp"}, {"tftp", "/etc/xinetd.d/tftp", "/var/lib/tftpboot"},
	{"apt-cacher-ng", "/etc/apt-cacher-ng", "/var/cache/apt-cacher-ng"}, {"fai", "/etc/fai", "/srv/fai/config"}, {"wsusoffline", "/srv/wsusoffline", "/srv/wsusoffline"},
	{"postern", "/etc/postern/postern.yaml", "/var/lib/postern/releases"},
};

static void serving(struct collector *c)
{
	for (size_t i = 0; i < ARRAY_LEN(served); i++)
		if (fact_there(c, served[i].needs) && fact_there(c, served[i].folder)) {
			fact_mode(c, served[i].folder, "patch.folder", true);
			fact_f(c, served[i].folder, 0, "patch.config", "%s %s", served[i].product, served[i].folder);
		}
}

void facts_patches(struct collector *c)
{
	apt(c);
	yum(c);
	serving(c);
}
