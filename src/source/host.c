/* host.c - whose log is it, from the folder it lies in: "web1/var/log/auth.log" is web1's. */
#include "source/source_priv.h"

enum { COMPONENTS_MAX = 64 };

struct components {
	struct slice v[COMPONENTS_MAX]; /* the last ones when there are more */
	size_t n;
	bool absolute;
};

/* Folders of a system: what lies in them is a program's or a person's. */
static const struct slice system_folders[] = {
	SL("var"), SL("usr"), SL("opt"), SL("home"), SL("etc"), SL("srv"), SL("tmp"), SL("lib"),
	SL("run"), SL("local"), SL("share"), SL("root"), SL("Users"), SL("Library"), SL("private"), SL("proc"),
};
/* Folders of whoever collects logs: no hosts, but hosts may lie in them. */
static const struct slice collections[] = {
	SL("mnt"), SL("media"), SL("data"), SL("log"), SL("logs"), SL("backup"), SL("current"), SL("Volumes"), SL("hosts"),
};
/* The root of a file system inside a folder that is named after the machine: lxc/web1/rootfs/var/log. */
static const struct slice roots[] = {SL("rootfs"), SL("merged"), SL("fs"), SL("[root]"), SL("sysroot"), SL("diff")};

static bool is_among(struct slice s, const struct slice *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(s, list[i]))
			return true;
	return false;
}

static bool is_system(struct slice s)
{
	return is_among(s, system_folders, ARRAY_LEN(system_folders));
}

static void split(struct slice path, struct components *c)
{
	c->n = 0;
	c->absolute = path.n > 0 && path.p[0] == '/';
	while (path.n > 0) {
		ssize_t cut = slice_chr(path, '/');
		struct slice part = cut < 0 ? path : slice_to(path, (size_t)cut);
		path = cut < 0 ? slice_from(path, path.n) : slice_from(path, (size_t)cut + 1);
		if (part.n == 0 || slice_eq(part, SL(".")))
			continue;
		if (c->n == COMPONENTS_MAX) {
			memmove(&c->v[0], &c->v[1], (COMPONENTS_MAX - 1) * sizeof(c->v[0]));
			c->n--;
		}
		c->v[c->n++] = part;
	}
}

/* Letters, digits, dot, hyphen, underscore: names from archives are not trusted to be more. */
static bool is_host_name(struct slice s)
{
	if (s.n == 0 || s.n > 253 || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
		      c == '_'))
			return false;
	}
	return true;
}

/* The host before component i, if that is one. */
static struct slice before(const struct components *c, size_t i)
{
	while (i > 0 && is_among(c->v[i - 1], roots, ARRAY_LEN(roots)))
		i--;
	if (i == 0 || is_system(c->v[i - 1]) || is_among(c->v[i - 1], collections, ARRAY_LEN(collections)) ||
	    !is_host_name(c->v[i - 1]))
		return SLICE_NONE;
	return c->v[i - 1];
}

static struct slice host_of(struct slice path)
{
	struct components c;
	struct slice host;

	split(path, &c);
	if (c.n == 0)
		return SLICE_NONE;
	c.n--; /* the file itself */
	for (size_t i = c.n; i-- > 1;) {
		if (!slice_eq(c.v[i], SL("log")) || !slice_eq(c.v[i - 1], SL("var")))
			continue;
		host = before(&c, i - 1);
		if (host.n)
			return host;
	}
	for (size_t i = c.n; i-- > 1;) {
		/* HOST/log/...: /opt/APP/log and /home/USER/log look alike, so the folder above must not be a system's. */
		if (!slice_eq(c.v[i], SL("log")) || slice_eq(c.v[i - 1], SL("var")))
			continue;
		if ((i >= 2 && is_system(c.v[i - 2])) || (i == 1 && c.absolute))
			continue;
		host = before(&c, i);
		if (host.n)
			return host;
	}
	return SLICE_NONE;
}

struct slice host_of_path(struct slice path, struct slice member)
{
	struct slice host = SLICE_NONE;
	struct slice outer = member.n < path.n ? slice_to(path, path.n - member.n) : SLICE_NONE;

	/* Innermost archive first: "old.tar!day.zip!web1/var/log/auth.log". */
	while (member.n > 0 && host.n == 0) {
		ssize_t cut = slice_rfind(member, SL("!"));
		host = host_of(cut < 0 ? member : slice_from(member, (size_t)cut + 1));
		member = cut < 0 ? SLICE_NONE : slice_to(member, (size_t)cut);
	}
	if (host.n)
		return host;
	return host_of(outer.n ? slice_to(outer, outer.n - 1) : path);
}
