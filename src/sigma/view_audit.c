/* view_audit.c - one record of the audit system under the names of its keys, read from its text. */
#include "sigma/taxonomy.h"
#include "sys/sys.h"

#include <stdlib.h>

struct audit_names {
	struct arena mem;
	uint64_t arch;               /* whose calls these are */
	struct slice call[600];
	unsigned ncalls;
	struct key_memo { uint64_t text; uint32_t n, field; } key[256]; /* short names of keys */
};

struct audit_names *audit_names_new(void)
{
	struct audit_names *x = xcalloc(1, sizeof *x);
	arena_init(&x->mem);
	return x;
}

void audit_names_free(struct audit_names *x)
{
	arena_free(&x->mem);
	free(x);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Fields the kernel writes as hex when they hold more than plain characters (auparse, typetab). */
bool view_audit_is_escaped(struct slice key)
{
	static const struct slice names[] = {{"path", 4}, {"comm", 4}, {"exe", 3}, {"file", 4}, {"name", 4}, {"watch", 5}, {"cwd", 3}, {"cmd", 3}, {"acct", 4},
		{"dir", 3}, {"key", 3}, {"vm", 2}, {"device", 6}, {"cgroup", 6}, {"ocomm", 5}, {"grp", 3}, {"new_group", 9}, {"proctitle", 9}, {"data", 4},
		{"root_dir", 8}, {"sw", 2}, {"op", 2}, {"old", 3}, {"new", 3}, {"invalid_context", 15}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(key, names[i]))
			return true;
	return false;
}

static struct slice unhex(struct sigma_ctx *c, struct slice s, bool title)
{
	if (s.n < 2 || s.n % 2)
		return s;
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i]) < 0 || (s.p[i] >= 'a' && s.p[i] <= 'f'))
			return s;
	char *out = arena_alloc(&c->mem, s.n / 2 + 1);
	for (size_t i = 0; i < s.n / 2; i++) {
		out[i] = (char)(hex_digit(s.p[2 * i]) << 4 | hex_digit(s.p[2 * i + 1]));
		if (title && !out[i])
			out[i] = ' ';
	}
	return slice_make(out, s.n / 2);
}

/* Number of a key's name, UINT32_MAX when no rule knows it; records repeat their keys. */
static uint32_t key_field(struct sigma_ctx *c, struct slice key)
{
	uint64_t text = 0;
	if (!key.n || key.n > sizeof text)
		return strtab_find(c->set->fields, key);
	memcpy(&text, key.p, key.n);
	struct key_memo *m = &c->audit->key[text * 0x9e3779b97f4a7c15u >> 56];
	if (m->n != key.n || m->text != text)
		*m = (struct key_memo){text, (uint32_t)key.n, strtab_find(c->set->fields, key)};
	return m->field;
}

bool view_audit_is_argument(struct slice key, bool execve)
{
	return execve && key.n > 1 && key.p[0] == 'a' && key.p[1] >= '0' && key.p[1] <= '9';
}

static void add_audit_value(struct sigma_ctx *c, struct slice key, struct slice value, bool quoted, bool exec)
{
	uint32_t f = key_field(c, key);
	bool arg = view_audit_is_argument(key, exec);
	if (f == UINT32_MAX && !arg && !c->set->keywords)
		return;
	struct slice written = value;
	bool hex = !quoted && value.n >= 2 && value.n % 2 == 0 && hex_digit(value.p[0]) >= 0;
	if (hex && (arg || view_audit_is_escaped(key)))
		value = unhex(c, value, slice_eqz(key, "proctitle"));
	if (arg && c->set->keywords) {
		if (c->tmp.n)
			buf_addc(&c->tmp, ' ');
		buf_adds(&c->tmp, value);
	} else if (value.p != written.p) {
		view_text_add(c, value); /* keywords look at what it means, too */
	}
	if (!quoted && (slice_eqz(value, "(null)") || slice_eqz(value, "?")))
		return;
	if (slice_eqz(key, "key") && slice_chr(value, 1) >= 0) { /* several keys in one value */
		struct slice one;
		while (value.n) {
			if (!slice_cut(&value, 1, &one)) {
				one = value;
				value.n = 0;
			}
			if (f != UINT32_MAX)
				view_add(c, f, one, VT_STRING, 1);
		}
		return;
	}
	if (f != UINT32_MAX)
		view_add(c, f, value, VT_STRING, 1);
}

enum { GAP = 1, ENDS_KEY = 2, ENDS_VALUE = 4, ENDS_QUOTED = 8 };
static const uint8_t byte_kind[256] = {
	[' '] = GAP | ENDS_KEY | ENDS_VALUE, [0x1d] = GAP | ENDS_KEY | ENDS_VALUE, [','] = GAP, ['\''] = GAP | ENDS_VALUE, ['='] = ENDS_KEY, ['"'] = ENDS_QUOTED,
};

static inline const char *skip_to(const char *p, const char *end, uint8_t kind)
{
	while (p < end && !(byte_kind[(uint8_t)*p] & kind))
		p++;
	return p;
}

/* The pairs of one audit record: k=v k="v" k='k=v ...' (auparse's rules); enriched ones behind 0x1d. */
static void add_audit_pairs(struct sigma_ctx *c, struct slice s, bool exec)
{
	const char *p = s.p, *end = p + s.n;
	while (p < end) {
		while (p < end && byte_kind[(uint8_t)*p] & GAP)
			p++;
		const char *key = p;
		p = skip_to(p, end, ENDS_KEY);
		if (p == end)
			return;
		if (*p != '=')
			continue;
		size_t nkey = (size_t)(p++ - key);
		if (p < end && *p == '\'') /* msg='op=... acct=...': the pairs within */
			continue;
		bool quoted = p < end && *p == '"';
		const char *value = p + quoted;
		p = skip_to(value, end, quoted ? ENDS_QUOTED : ENDS_VALUE);
		add_audit_value(c, slice_make(key, nkey), slice_make(value, (size_t)(p - value)), quoted, exec);
		p += quoted && p < end;
	}
}

/* The same, where the decoder has read the line in pairs. */
static void add_told_pairs(struct sigma_ctx *c, const struct line_pairs *p, bool exec)
{
	for (uint32_t i = 0; i < p->n; i++)
		add_audit_value(c, p->names->name[i], slice_make(p->text + p->v[i].at, p->v[i].n), p->v[i].quoted, exec);
}

/* arch=c000003e syscall=59 is execve. */
static struct slice call_name(struct sigma_ctx *c, struct slice record)
{
	struct audit_names *x = c->audit;
	uint64_t arch, number;
	char name[64];
	ssize_t a = slice_find(record, SL(" arch=")), n = slice_find(record, SL(" syscall="));
	struct slice word, rest;
	if (a < 0 || n < 0)
		return SLICE_NONE;
	rest = slice_from(record, (size_t)a + 6);
	if (!slice_word(&rest, &word) || !slice_hex(word, &arch) || arch > UINT32_MAX)
		return SLICE_NONE;
	rest = slice_from(record, (size_t)n + 9);
	if (!slice_word(&rest, &word) || !slice_u64(word, 4095, &number))
		return SLICE_NONE;
	if (arch == x->arch && number < ARRAY_LEN(x->call) && x->call[number].p)
		return x->call[number];
	if (!sys_call_name((uint32_t)arch, (unsigned)number, name, sizeof name))
		return SLICE_NONE;
	if (number >= ARRAY_LEN(x->call))
		return slice_dup(&c->mem, slice_of(name));
	if (arch != x->arch) {
		memset(x->call, 0, sizeof x->call);
		x->arch = arch;
	}
	if (x->ncalls++ > 4096) /* architectures that take turns: no memory for them */
		return slice_dup(&c->mem, slice_of(name));
	return x->call[number] = slice_dup(&x->mem, slice_of(name));
}

void view_audit(struct sigma_ctx *c, const struct event *e)
{
	struct slice raw = e->at.raw;
	ssize_t type = slice_find(raw, SL("type=")), msg = slice_find(raw, SL("msg=audit("));
	const struct taxonomy *t = c->set->taxonomy;
	if (type < 0 || msg < 0)
		return;
	struct slice rest = slice_from(raw, (size_t)type + 5), name;
	if (!slice_word(&rest, &name))
		return;
	view_add(c, t->told[TELL_RECORD_TYPE], name, VT_STRING, 1);
	c->tmp.n = 0;
	if (e->pairs) {
		add_told_pairs(c, e->pairs, slice_eqz(name, "EXECVE"));
	} else {
		rest = slice_from(raw, (size_t)msg);
		ssize_t end = slice_find(rest, SL("):"));
		add_audit_pairs(c, slice_from(rest, end < 0 ? rest.n : (size_t)end + 2), slice_eqz(name, "EXECVE"));
	}
	if (c->tmp.n)
		view_text_add(c, slice_dup(&c->mem, buf_slice(&c->tmp))); /* the command as it was typed */
	if (!view_first(c, t->told[TELL_SYSCALL]) && slice_eqz(name, "SYSCALL")) { /* enriched logs have it */
		struct slice call = call_name(c, slice_from(raw, (size_t)msg));
		if (call.n)
			view_add(c, t->told[TELL_SYSCALL], call, VT_STRING, 1);
	}
}
