/* sshkey_options.c - options in front of a key in an authorized_keys file: sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
#include "snapshot/sshkey.h"

enum flag { RESTRICT, PTY, PORTS, AGENT, X11, RC, TOUCH, VERIFY, AUTHORITY };
static const struct { const char *name; enum flag flag; bool negated; /* also as no-NAME */ } flags[] = {
	{"cert-authority", AUTHORITY, false}, {"restrict", RESTRICT, false}, {"port-forwarding", PORTS, true}, {"agent-forwarding", AGENT, true},
	{"x11-forwarding", X11, true}, {"touch-required", TOUCH, true}, {"verify-required", VERIFY, true}, {"pty", PTY, true}, {"user-rc", RC, true},
};
static const struct { const char *name; size_t at; bool once; /* a second one is refused */ bool kept; } texts[] = {
	{"command", offsetof(struct sshkey_options, command), true, true}, {"principals", offsetof(struct sshkey_options, principals), true, true},
	{"from", offsetof(struct sshkey_options, from), true, true}, {"expiry-time", offsetof(struct sshkey_options, expires), false, true},
	{"environment", 0, false, false}, {"permitopen", 0, false, false}, {"permitlisten", 0, false, false}, {"tunnel", 0, false, false},
};

static void set_flag(struct sshkey_options *o, enum flag f, bool on)
{
	switch (f) {
	case RESTRICT:
		o->restricted = true;
		o->pty = o->forwarding = o->agent = false;
		break;
	case AUTHORITY: o->authority = true; break;
	case PTY: o->pty = on; break;
	case PORTS: o->forwarding = on; break;
	case AGENT: o->agent = on; break;
	case VERIFY: o->verify_required = on; break;
	case X11: case RC: case TOUCH: break;
	}
}

/* Is the option `name` next? Then it is taken off. */
static bool take_name(struct slice *s, struct slice name)
{
	if (!slice_istarts(*s, name))
		return false;
	struct slice rest = slice_from(*s, name.n);
	if (rest.n && rest.p[0] != ',' && rest.p[0] != '=')
		return false;
	*s = rest;
	return true;
}

static bool take_flag(struct slice *s, struct sshkey_options *o)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		struct slice rest = *s;
		bool no = flags[i].negated && slice_istarts(rest, SL("no-"));
		if (no)
			rest = slice_from(rest, 3);
		if (!take_name(&rest, slice_of(flags[i].name)) || (rest.n && rest.p[0] == '='))
			continue;
		*s = rest;
		set_flag(o, flags[i].flag, !no);
		return true;
	}
	return false;
}

/* "..." at the front; \" in it is a quote, every other backslash is itself. */
static bool take_quoted(struct slice *s, struct buf *out)
{
	if (!s->n || s->p[0] != '"')
		return false;
	for (size_t i = 1; i < s->n; i++) {
		if (s->p[i] == '\\' && i + 1 < s->n && s->p[i + 1] == '"') {
			i++;
		} else if (s->p[i] == '"') {
			*s = slice_from(*s, i + 1);
			return true;
		}
		buf_addc(out, s->p[i]);
	}
	return false;
}

static bool digits(struct slice s, size_t n)
{
	bool all = s.n >= n;
	for (size_t i = 0; i < s.n && all; i++)
		all = s.p[i] >= '0' && s.p[i] <= '9';
	return all;
}

/* YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC. */
static bool good_time(struct slice s)
{
	if (slice_iends(s, SL("Z")))
		s.n--;
	return digits(s, 8) && (s.n == 8 || s.n == 12 || s.n == 14);
}

/* Which of two times comes first; those of UTC and of the machine's zone cannot be told apart without it, then the later one written stays. */
static bool sooner(struct slice a, struct slice b)
{
	if (slice_iends(a, SL("Z")))
		a.n--;
	if (slice_iends(b, SL("Z")))
		b.n--;
	return slice_cmp(a, b) < 0;
}

static const char *put_text(size_t i, struct buf *value, struct sshkey_options *o)
{
	if (!texts[i].kept)
		return NULL;
	struct buf *to = (struct buf *)(void *)((char *)o + texts[i].at);
	if (texts[i].once && to->p)
		return "an option that is given twice";
	if (!texts[i].once && !good_time(buf_slice(value)))
		return "an expiry time that is none";
	if (!texts[i].once && to->p && !sooner(buf_slice(value), buf_slice(to)))
		return NULL;
	if (to == &o->principals && !value->n)
		return "an empty list of principals";
	to->n = 0;
	buf_adds(to, buf_slice(value));
	buf_addc(to, 0); /* an empty text is one, too */
	to->n--;
	return NULL;
}

static const char *take_text(struct slice *s, struct sshkey_options *o, bool *found)
{
	struct buf value = {0};
	*found = false;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct slice rest = *s;
		if (!take_name(&rest, slice_of(texts[i].name)) || !rest.n || rest.p[0] != '=')
			continue;
		*found = true;
		rest = slice_from(rest, 1);
		const char *why = take_quoted(&rest, &value) ? put_text(i, &value, o) : "an option without its quotes";
		buf_free(&value);
		*s = rest;
		return why;
	}
	return NULL;
}

/* Where the options end: at the first blank outside of quotes. */
static bool options_end(struct slice line, size_t *end)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < line.n && (quoted || (line.p[i] != ' ' && line.p[i] != '\t')); i++) {
		if (line.p[i] == '\\' && i + 1 < line.n && line.p[i + 1] == '"')
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
	}
	*end = MIN(i, line.n);
	return !quoted;
}

const char *sshkey_options(struct slice *line, struct sshkey_options *out)
{
	size_t end;
	struct slice rest;
	*out = (struct sshkey_options){.pty = true, .forwarding = true, .agent = true};
	if (!options_end(*line, &end))
		return "a quote that does not end";
	rest = out->text = slice_to(*line, end);
	*line = slice_from(*line, end);
	while (rest.n) {
		bool found = true;
		const char *why = take_flag(&rest, out) ? NULL : take_text(&rest, out, &found);
		if (why)
			return why;
		if (!found)
			return "an option that sshd does not know";
		if (!rest.n)
			break;
		if (rest.p[0] != ',' || rest.n == 1)
			return "something that is no comma between options";
		rest = slice_from(rest, 1);
	}
	return NULL;
}

void sshkey_options_free(struct sshkey_options *o)
{
	buf_free(&o->from);
	buf_free(&o->command);
	buf_free(&o->expires);
	buf_free(&o->principals);
}
