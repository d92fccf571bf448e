/* sudoers_words.c - words, members and lists of a sudoers line, as sudo's scanner takes them (toke.l, gram.y of 1.9). */
#include "snapshot/sudoers_private.h"

#include <stdlib.h>

enum { MEMBERS_MAX = 20000, DIGESTS_MAX = 8 };

struct sudo_cursor sudo_cursor_of(struct slice line, struct arena *mem)
{
	return (struct sudo_cursor){line.p, line.p + line.n, mem, NULL, false};
}

static bool wrong(struct sudo_cursor *c, const char *why)
{
	if (!c->why)
		c->why = why;
	return false;
}

static bool digit(char ch) { return ch >= '0' && ch <= '9'; }
static bool blank(char ch) { return ch == ' ' || ch == '\t'; }

static void blanks(struct sudo_cursor *c)
{
	while (c->p < c->end && blank(*c->p))
		c->p++;
}

/* "#1000" and "#-1" are user ids, any other # begins a comment. */
static bool comment(const struct sudo_cursor *c)
{
	if (*c->p != '#')
		return false;
	size_t n = (size_t)(c->end - c->p);
	return !(n > 1 && digit(c->p[1])) && !(n > 2 && c->p[1] == '-' && digit(c->p[2]));
}

bool sudo_at_end(struct sudo_cursor *c)
{
	blanks(c);
	return c->p == c->end || comment(c);
}

bool sudo_take(struct sudo_cursor *c, char ch)
{
	blanks(c);
	if (c->p == c->end || *c->p != ch)
		return false;
	c->p++;
	return true;
}

static bool capital(char ch) { return (ch >= 'A' && ch <= 'Z') || digit(ch) || ch == '_'; }

bool sudo_capitals(struct sudo_cursor *c, char after, struct slice *name)
{
	blanks(c);
	const char *q = c->p;
	while (q < c->end && capital(*q))
		q++;
	*name = slice_make(c->p, (size_t)(q - c->p));
	if (q == c->p || digit(*c->p) || *c->p == '_')
		return false;
	while (q < c->end && blank(*q))
		q++;
	if (q == c->end || *q != after)
		return false;
	c->p = q + 1;
	return true;
}

static int hex(char ch)
{
	if (digit(ch))
		return ch - '0';
	ch = (char)(ch | 32);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* At a backslash: one character, or \xNN. */
static void escaped(struct sudo_cursor *c, struct buf *b)
{
	c->p++;
	if (c->end - c->p >= 3 && *c->p == 'x' && hex(c->p[1]) >= 0 && hex(c->p[2]) >= 0) {
		buf_addc(b, (char)(hex(c->p[1]) * 16 + hex(c->p[2])));
		c->p += 3;
	} else if (c->p < c->end)
		buf_addc(b, *c->p++);
}

static bool quoted(struct sudo_cursor *c, struct buf *b)
{
	c->p++;
	while (c->p < c->end && *c->p != '"')
		if (*c->p == '\\' && c->end - c->p > 1 && c->p[1] == '"') {
			buf_addc(b, '"');
			c->p += 2;
		} else
			buf_addc(b, *c->p++);
	if (c->p == c->end)
		return wrong(c, "a quotation that does not end");
	c->p++;
	return true;
}

/* An IPv6 address is the one word that may hold colons. */
static size_t ipv6(const struct sudo_cursor *c)
{
	size_t n = 0, colons = 0, most = (size_t)(c->end - c->p);
	while (n < most && n < 80 && (hex(c->p[n]) >= 0 || c->p[n] == ':' || c->p[n] == '.' || c->p[n] == '/'))
		colons += c->p[n++] == ':';
	struct cidr net;
	return colons >= 2 && cidr_parse(slice_make(c->p, n), &net) ? n : 0;
}

static bool word(struct sudo_cursor *c, enum sudo_class k, struct sudo_member *m)
{
	struct buf b = {0};
	bool good = true;
	size_t n = k == SUDO_HOST ? ipv6(c) : 0;
	m->plain = true;
	buf_add(&b, c->p, n);
	c->p += n;
	while (!n && c->p < c->end && (*c->p == '%' || *c->p == '+') && b.n < 1)
		buf_addc(&b, *c->p++);
	if (!n && c->p < c->end && *c->p == ':' && b.n == 1 && b.p[0] == '%') /* a group that is none of Unix */
		buf_addc(&b, *c->p++);
	if (!n && !b.n && c->p < c->end && *c->p == '"') { /* also "%the group" */
		good = quoted(c, &b);
		m->plain = false;
	} else
		while (!n && c->p < c->end && !strchr(">!=:,() \t\"", *c->p) && *c->p) {
			if (*c->p == '#' && b.n && b.p[b.n - 1] != '%' && b.p[b.n - 1] != ':')
				break;
			if (*c->p == '\\')
				m->plain = false, escaped(c, &b);
			else
				buf_addc(&b, *c->p++);
		}
	m->text = slice_dup(c->mem, buf_slice(&b));
	buf_free(&b);
	if (m->text.n > 1024)
		return wrong(c, "a name that is too long");
	if (good && (!m->text.n || slice_eqz(m->text, "%") || slice_eqz(m->text, "+") || slice_eqz(m->text, "%:")))
		return wrong(c, "a name is missing");
	return good;
}

/* Behind the path: blanks become one, escapes of what is special in sudoers go, those of patterns stay. */
static bool arguments(struct sudo_cursor *c, struct buf *b)
{
	blanks(c);
	bool expression = c->p < c->end && *c->p == '^';
	while (c->p < c->end) {
		char ch = *c->p;
		if (expression ? ch == '$' && (c->end - c->p == 1 || strchr(",:# \t", c->p[1])) : strchr("#:,=", ch) && ch) {
			if (expression)
				buf_addc(b, *c->p++);
			return true;
		}
		if (ch == '\\' && c->end - c->p > 1 && strchr(expression ? "" : "\\:,= \t#", c->p[1]) && c->p[1]) {
			buf_addc(b, c->p[1]);
			c->p += 2;
			continue;
		}
		if (ch == '\\' && c->end - c->p > 1)
			buf_addc(b, *c->p++);
		if (blank(*c->p) && !expression) {
			while (c->p < c->end && blank(*c->p))
				c->p++;
			if (c->p < c->end && !strchr("#:,=", *c->p))
				buf_addc(b, ' ');
		} else
			buf_addc(b, *c->p++);
	}
	return !expression || wrong(c, "an expression that does not end");
}

static bool command_path(struct sudo_cursor *c, struct buf *b)
{
	if (*c->p == '^') { /* the path as an expression */
		const char *q = c->p + 1;
		while (q < c->end && !(*q == '$' && (c->end - q == 1 || strchr(",: \t#", q[1]))))
			q++;
		if (q == c->end)
			return wrong(c, "an expression that does not end");
		buf_add(b, c->p, (size_t)(q + 1 - c->p));
		c->p = q + 1;
		return true;
	}
	while (c->p < c->end && (!strchr(",:= \t#", *c->p) || !*c->p)) {
		if (*c->p == '\\' && c->end - c->p > 1) {
			if (!strchr(",:= \t#", c->p[1]))
				buf_addc(b, '\\');
			c->p++;
		}
		buf_addc(b, *c->p++);
	}
	return true;
}

static bool is_digest(const struct sudo_cursor *c)
{
	struct slice s = slice_make(c->p, (size_t)(c->end - c->p));
	static const char *const names[] = {"sha224", "sha256", "sha384", "sha512"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_starts(s, slice_of(names[i]))) {
			s = slice_from(s, 6);
			while (s.n && blank(s.p[0]))
				s = slice_from(s, 1);
			return s.n && s.p[0] == ':';
		}
	return false;
}

/* "sha256:HASH", also several with commas between: all of them, each with a blank behind. */
static bool digests(struct sudo_cursor *c, struct sudo_member *m)
{
	struct buf b = {0};
	size_t n = 0;
	for (bool more = true; more && n < DIGESTS_MAX; n++) {
		buf_add(&b, c->p, 6);
		buf_addc(&b, ':');
		c->p = (const char *)memchr(c->p, ':', (size_t)(c->end - c->p)) + 1;
		blanks(c);
		while (c->p < c->end && (capital(*c->p) || (*c->p >= 'a' && *c->p <= 'z') || *c->p == '+' || *c->p == '/' || *c->p == '='))
			buf_addc(&b, *c->p++);
		buf_addc(&b, ' ');
		blanks(c);
		const char *back = c->p;
		more = sudo_take(c, ',');
		blanks(c);
		if (more && !(more = c->p < c->end && is_digest(c)))
			c->p = back;
	}
	m->digest = slice_dup(c->mem, buf_slice(&b));
	buf_free(&b);
	return n < DIGESTS_MAX || wrong(c, "too many digests");
}

static bool plain_word(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!capital(s.p[i]))
			return false;
	return s.n && s.p[0] >= 'A' && s.p[0] <= 'Z';
}

static bool command(struct sudo_cursor *c, struct sudo_member *m)
{
	struct slice rest = slice_make(c->p, (size_t)(c->end - c->p)), edit = SL("sudoedit");
	if (*c->p != '/' && *c->p != '^') {
		bool is_edit = slice_starts(rest, edit) && (rest.n == edit.n || strchr(" \t,:#", rest.p[edit.n]));
		if (!is_edit) {
			size_t n = 0;
			while (n < rest.n && !strchr(",:=#! \t()\"", rest.p[n]))
				n++;
			m->text = slice_dup(c->mem, slice_to(rest, n));
			m->plain = true;
			c->p += n;
			return plain_word(m->text) || slice_eqz(m->text, "list") || wrong(c, "no command: it begins neither with / nor is it sudoedit, ALL or an alias");
		}
	}
	struct buf b = {0};
	bool good = command_path(c, &b), folder = b.n && b.p[b.n - 1] == '/';
	if (good && !c->bare && c->p < c->end && blank(*c->p)) {
		struct buf args = {0};
		good = arguments(c, &args);
		if (args.n && folder)
			good = wrong(c, "a folder with arguments");
		if (args.n)
			buf_addf(&b, " %.*s", SLFMT(buf_slice(&args)));
		buf_free(&args);
	}
	m->plain = false;
	m->text = slice_dup(c->mem, buf_slice(&b));
	buf_free(&b);
	return good && (m->text.n < SNAP_TEXT_MAX || wrong(c, "a command that is too long"));
}

bool sudo_member(struct sudo_cursor *c, enum sudo_class k, struct sudo_member *m)
{
	*m = (struct sudo_member){0};
	blanks(c);
	if (k == SUDO_CMND && c->p < c->end && is_digest(c) && !digests(c, m))
		return false;
	while (sudo_take(c, '!'))
		m->negated = !m->negated;
	if (sudo_at_end(c))
		return wrong(c, "it ends too early");
	if (k == SUDO_CMND)
		return command(c, m);
	return word(c, k, m);
}

bool sudo_members(struct sudo_cursor *c, enum sudo_class k, struct sudo_list *out)
{
	do {
		if (out->n >= MEMBERS_MAX)
			return wrong(c, "a list that is too long");
		struct sudo_member m;
		if (!sudo_member(c, k, &m))
			return false;
		*vec_push(out) = m;
	} while (sudo_take(c, ','));
	return true;
}

bool sudo_value(struct sudo_cursor *c, struct slice *out)
{
	struct buf b = {0};
	bool good = true;
	blanks(c);
	if (c->p < c->end && *c->p == '"')
		good = quoted(c, &b);
	else
		while (c->p < c->end && !strchr("#, \t", *c->p)) {
			if (*c->p == '\\')
				escaped(c, &b);
			else
				buf_addc(&b, *c->p++);
		}
	*out = slice_dup(c->mem, slice_to(buf_slice(&b), SNAP_TEXT_MAX - 1));
	buf_free(&b);
	return good;
}

bool sudo_is_alias(const struct sudo_member *m)
{
	return m->plain && plain_word(m->text) && !slice_eqz(m->text, "ALL");
}
