/* anonymise.c - see anonymise.h. */
#include "console/anonymise.h"

#include <stdio.h>
#include <stdlib.h>

enum kind { K_PERSON, K_ACCOUNT, K_MAIL, K_KEY, K_HOST, K_PROVIDER, K_FIRM, K_OWN_DOMAIN, K_PARTNER, K_OUTSIDE, K_COMPANY, K_FILE, K_HASH, K_PROFILE, K_ADDRESS, K_ADDRESS_INSIDE, K_ADDRESS6, K_COUNT };

/* Names of one thing have one number; what they become is made when the first of them is met. */
struct thing { enum kind kind; unsigned number /* 0: not met */; };
struct term {
	struct slice text;
	enum kind kind;
	uint32_t thing;
	bool exact;     /* letters count: parts of names that are words, too */
};
struct anonymiser {
	const struct org *org;
	struct arena mem;
	struct { struct term *v; size_t n, cap; } terms;     /* sorted: first byte, then the longest first */
	struct { struct thing *v; size_t n, cap; } things;
	struct { struct anonymised *v; size_t n, cap; } used;
	unsigned met[K_COUNT];
	bool sorted;
	size_t first[257];
};

/* ---- letters ---------------------------------------------------------------------------------------------------------------------------- */

static unsigned char low(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }
static bool is_word(char c) { return (c >= '0' && c <= '9') || (low(c) >= 'a' && low(c) <= 'z') || c == '_'; }
static bool is_hex(char c) { return (c >= '0' && c <= '9') || (low(c) >= 'a' && low(c) <= 'f'); }

/* ---- terms -------------------------------------------------------------------------------------------------------------------------------- */

static uint32_t thing_new(struct anonymiser *a, enum kind k)
{
	*vec_push(&a->things) = (struct thing){.kind = k};
	return (uint32_t)a->things.n - 1;
}

static void term_add(struct anonymiser *a, enum kind k, uint32_t thing, struct slice text, bool exact)
{
	text = slice_trim(text);
	if (text.n < 2 || text.n > 1000)
		return;
	for (size_t i = 0; i < a->terms.n; i++)
		if (slice_ieq(a->terms.v[i].text, text))
			return; /* the first meaning counts */
	*vec_push(&a->terms) = (struct term){slice_dup(&a->mem, text), k, thing, exact};
	a->sorted = false;
}

static void add_person(struct anonymiser *a, const struct org_person *p)
{
	uint32_t t = thing_new(a, K_PERSON);
	struct slice rest = p->name, part;
	term_add(a, K_PERSON, t, p->name, false);
	while (slice_word(&rest, &part))
		if (part.n >= 3 && ((part.p[0] >= 'A' && part.p[0] <= 'Z') || (unsigned char)part.p[0] >= 0x80))
			term_add(a, K_PERSON, t, part, part.n < 5);
	term_add(a, K_MAIL, t, p->mail, false);
	for (size_t i = 0; i < p->naccounts; i++)
		if (!slice_eqz(p->accounts[i], "root") && !org_service_account(a->org, p->accounts[i]))
			term_add(a, K_ACCOUNT, t, p->accounts[i], false);
	for (size_t i = 0; i < p->nkeys; i++)
		term_add(a, K_KEY, thing_new(a, K_KEY), p->keys[i], false);
}

static void add_org(struct anonymiser *a)
{
	size_t n;
	const struct org_person *staff = org_staff(a->org, &n);
	for (size_t i = 0; i < n; i++)
		add_person(a, &staff[i]);
	const struct org_provider *p = org_providers(a->org, &n);
	for (size_t i = 0; i < n; i++) {
		uint32_t t = thing_new(a, K_PROVIDER);
		term_add(a, K_PROVIDER, t, p[i].name, false);
		term_add(a, K_PROVIDER, t, p[i].id, false);
		for (size_t k = 0; k < p[i].npersons; k++)
			add_person(a, &p[i].persons[k]);
	}
	const struct org_host *h = org_hosts(a->org, &n);
	for (size_t i = 0; i < n; i++) {
		uint32_t t = thing_new(a, K_HOST);
		term_add(a, K_HOST, t, h[i].name, false);
		for (size_t k = 0; k < h[i].naliases; k++)
			term_add(a, K_HOST, t, h[i].aliases[k], false);
	}
	const struct slice *d = org_domains(a->org, &n);
	for (size_t i = 0; i < n; i++)
		term_add(a, K_OWN_DOMAIN, thing_new(a, K_OWN_DOMAIN), d[i], false);
	d = org_partners(a->org, &n);
	for (size_t i = 0; i < n; i++)
		term_add(a, K_PARTNER, thing_new(a, K_PARTNER), d[i], false);
	term_add(a, K_FIRM, thing_new(a, K_FIRM), org_name(a->org), false);
}

struct anonymiser *anonymiser_new(const struct org *org)
{
	struct anonymiser *a = xcalloc(1, sizeof *a);
	arena_init(&a->mem);
	a->org = org;
	if (org)
		add_org(a);
	return a;
}

void anonymiser_free(struct anonymiser *a)
{
	if (!a)
		return;
	arena_free(&a->mem);
	free(a->terms.v);
	free(a->things.v);
	free(a->used.v);
	free(a);
}

void anonymiser_add(struct anonymiser *a, enum entity_type t, struct slice value)
{
	static const enum kind kinds[ENT_COUNT] = {[ENT_HOST] = K_HOST, [ENT_DEST_HOST] = K_HOST, [ENT_USER] = K_ACCOUNT, [ENT_SOURCE] = K_OUTSIDE, [ENT_PROVIDER] = K_PROVIDER, [ENT_PERSON] = K_PERSON,
		[ENT_FILE] = K_FILE, [ENT_HASH] = K_HASH, [ENT_MAIL] = K_MAIL, [ENT_KEY] = K_KEY, [ENT_DOMAIN] = K_OUTSIDE, [ENT_COMMAND] = K_COUNT, [ENT_PROFILE] = K_PROFILE};
	struct ip ip;
	enum kind k = (unsigned)t < ENT_COUNT ? kinds[t] : K_COUNT;
	if (k == K_COUNT || ip_parse(value, &ip)) /* commands are read for the names in them; addresses are known by their looks */
		return;
	if (t == ENT_USER && (slice_eqz(value, "root") || (a->org && org_service_account(a->org, value))))
		return;
	if (t == ENT_DOMAIN && slice_chr(value, '.') < 0)
		k = K_COMPANY; /* whom somebody said he works for */
	term_add(a, k, thing_new(a, k), value, false);
	if (t == ENT_FILE && !slice_eq(slice_basename(value), value))
		term_add(a, k, (uint32_t)a->things.n - 1, slice_basename(value), false);
}

static int by_letter(const void *x, const void *y)
{
	const struct term *a = x, *b = y;
	unsigned char l = low(a->text.p[0]), m = low(b->text.p[0]);
	return l != m ? (l > m) - (l < m) : a->text.n != b->text.n ? (a->text.n < b->text.n) - (a->text.n > b->text.n) : slice_cmp(a->text, b->text);
}

static void sort_terms(struct anonymiser *a)
{
	size_t i = 0;
	if (a->sorted)
		return;
	if (a->terms.n)
		qsort(a->terms.v, a->terms.n, sizeof *a->terms.v, by_letter);
	for (unsigned c = 0; c < 257; c++) {
		while (i < a->terms.n && low(a->terms.v[i].text.p[0]) < c)
			i++;
		a->first[c] = i;
	}
	a->first[256] = a->terms.n;
	a->sorted = true;
}

/* ---- neutral names --------------------------------------------------------------------------------------------------------------------------- */

static unsigned number_of(struct anonymiser *a, uint32_t thing)
{
	struct thing *t = &a->things.v[thing];
	if (!t->number)
		t->number = ++a->met[t->kind];
	return t->number;
}

/* 1: "A", 27: "AA". */
static const char *letters(unsigned n, bool upper, char out[static 8])
{
	size_t at = 7;
	out[at] = 0;
	for (; n && at; n = (n - 1) / 26)
		out[--at] = (char)((upper ? 'A' : 'a') + (n - 1) % 26);
	return out + at;
}

static struct slice extension(struct slice name)
{
	ssize_t dot = slice_rfind(name, SL("."));
	struct slice e = dot < 0 ? SLICE_NONE : slice_from(name, (size_t)dot);
	for (size_t i = 1; i < e.n; i++)
		if (!is_word(e.p[i]))
			return SLICE_NONE;
	return e.n > 1 && e.n <= 10 ? e : SLICE_NONE;
}

static void neutral(enum kind k, unsigned n, struct slice from, char *out, size_t room)
{
	char l[8];
	struct slice e = extension(from);
	switch (k) {
	case K_PERSON: snprintf(out, room, "Person %s", letters(n, true, l)); break;
	case K_ACCOUNT: snprintf(out, room, "account-%s", letters(n, false, l)); break;
	case K_MAIL: snprintf(out, room, "person-%s@firm.example", letters(n, false, l)); break;
	case K_KEY: snprintf(out, room, "key-%u", n); break;
	case K_HOST: snprintf(out, room, "host-%u", n); break;
	case K_PROVIDER: snprintf(out, room, "Provider %s", letters(n, true, l)); break;
	case K_FIRM: snprintf(out, room, "Our Firm"); break;
	case K_OWN_DOMAIN: snprintf(out, room, n == 1 ? "firm.example" : "firm-%u.example", n); break;
	case K_PARTNER: snprintf(out, room, "partner-%u.example", n); break;
	case K_OUTSIDE: snprintf(out, room, "outside-%u.example", n); break;
	case K_COMPANY: snprintf(out, room, "Company %u", n); break;
	case K_FILE: snprintf(out, room, "file-%u%.*s", n, SLFMT(e)); break;
	case K_HASH: snprintf(out, room, "hash-%u", n); break;
	case K_PROFILE: snprintf(out, room, "profile-%u.example", n); break;
	case K_ADDRESS: snprintf(out, room, "203.0.113.%u", n % 255); break;
	case K_ADDRESS_INSIDE: snprintf(out, room, "192.0.2.%u", n % 255); break;
	default: snprintf(out, room, "2001:db8::%x", n); break;
	}
}

/* A full name of a host that is known by a short one. */
static uint32_t host_thing(const struct anonymiser *a, struct slice name)
{
	const struct org_host *h = a->org ? org_host(a->org, name) : NULL;
	for (size_t i = 0; h && i < a->terms.n; i++)
		if (a->terms.v[i].kind == K_HOST && slice_ieq(a->terms.v[i].text, h->name))
			return a->terms.v[i].thing;
	return UINT32_MAX;
}

/* The same text always becomes the same. */
static struct slice replacement(struct anonymiser *a, enum kind k, uint32_t thing, struct slice from)
{
	char to[128];
	for (size_t i = 0; i < a->used.n; i++)
		if (slice_ieq(a->used.v[i].from, from))
			return a->used.v[i].to;
	if (k == K_HOST && thing == UINT32_MAX)
		thing = host_thing(a, from);
	bool outside_mail = k == K_MAIL && thing != UINT32_MAX && a->things.v[thing].kind == K_MAIL;
	unsigned n = thing == UINT32_MAX ? ++a->met[k] : number_of(a, thing);
	if (outside_mail || (k == K_MAIL && thing == UINT32_MAX))
		snprintf(to, sizeof to, "sender-%u@outside.example", n);
	else
		neutral(k, n, from, to, sizeof to);
	struct anonymised *u = vec_push(&a->used);
	*u = (struct anonymised){slice_dup(&a->mem, from), slice_dup(&a->mem, slice_of(to))};
	return u->to;
}

/* ---- looks ------------------------------------------------------------------------------------------------------------------------------------ */

static bool neutral_already(struct slice s)
{
	return slice_iends(s, SL(".example")) || slice_starts(s, SL("192.0.2.")) || slice_starts(s, SL("203.0.113.")) || slice_istarts(s, SL("2001:db8:")) || slice_starts(s, SL("127.0.0.")) ||
	       slice_eqz(s, "::1");
}

static bool is_domain(struct slice s)
{
	static const char *const files[] = {"txt", "log", "conf", "cfg", "ini", "yaml", "yml", "json", "xml", "html", "htm", "php", "jsp", "jspx", "asp", "aspx", "js", "py", "pl", "sh", "bash", "exe", "dll",
		"msi", "lnk", "iso", "img", "vhd", "vhdx", "zip", "rar", "gz", "xz", "tar", "tgz", "bz2", "deb", "rpm", "pdf", "doc", "docx", "docm", "dotm", "xls", "xlsx", "xlsm", "xlsb", "ppt", "pptx", "pptm",
		"rtf", "odt", "eml", "msg", "png", "jpg", "jpeg", "gif", "svg", "bat", "cmd", "vbs", "hta", "jar", "war", "so", "service", "timer", "socket", "db", "tmp", "bak", "old", "key", "pem", "pub", "crt"};
	ssize_t dot = slice_rfind(s, SL("."));
	struct slice top = dot < 0 ? SLICE_NONE : slice_from(s, (size_t)dot + 1);
	bool fine = dot > 0 && top.n >= 2 && top.n <= 24 && is_word(s.p[0]);
	for (size_t i = 0; i < top.n; i++)
		fine = fine && low(top.p[i]) >= 'a' && low(top.p[i]) <= 'z';
	for (size_t i = 0; fine && i < s.n; i++)
		fine = is_word(s.p[i]) || s.p[i] == '-' || (s.p[i] == '.' && s.p[i - 1] != '.');
	for (size_t i = 0; fine && i < ARRAY_LEN(files); i++)
		fine = !slice_ieq(top, slice_of(files[i]));
	return fine;
}

static bool is_hash(struct slice s)
{
	bool fine = s.n == 32 || s.n == 40 || s.n == 64;
	for (size_t i = 0; fine && i < s.n; i++)
		fine = is_hex(s.p[i]);
	return fine;
}

/* The longest run from here that could be an address, a domain or a hash. */
static struct slice run_from(struct slice s)
{
	size_t n = 0;
	while (n < s.n && n < 320 && (is_word(s.p[n]) || memchr(".-@:+%", s.p[n], 6)))
		n++;
	while (n && !is_word(s.p[n - 1]) && !(n > 1 && s.p[n - 1] == ':' && s.p[n - 2] == ':'))
		n--;
	return slice_to(s, n);
}

/* Length of what looks like one, 0 none. */
static size_t looks_like(struct anonymiser *a, struct slice s, enum kind *k, uint32_t *thing)
{
	struct slice run = run_from(s);
	struct ip ip;
	*thing = UINT32_MAX;
	for (unsigned step = 0; step < 2; step++) {
		/* without what stands behind a colon: a port */
		ssize_t colon = step ? slice_chr(run, ':') : -1;
		if (step && colon <= 0)
			return 0;
		struct slice t = step ? slice_to(run, (size_t)colon) : run;
		if (!t.n || neutral_already(t))
			return 0;
		ssize_t at = slice_chr(t, '@');
		*k = is_hash(t) ? K_HASH : at > 0 && is_domain(slice_from(t, (size_t)at + 1)) ? K_MAIL : is_domain(t) ? K_OUTSIDE : K_COUNT;
		if (*k == K_COUNT && (slice_chr(t, '.') > 0 || slice_chr(t, ':') >= 0) && ip_parse(t, &ip))
			*k = !ip_is_v4(&ip) ? K_ADDRESS6 : ip_is_private(&ip) || (a->org && org_inside(a->org, &ip)) ? K_ADDRESS_INSIDE : K_ADDRESS;
		if (*k == K_OUTSIDE && a->org && (org_host(a->org, t) || org_domain_own(a->org, t)))
			*k = org_host(a->org, t) ? K_HOST : K_OWN_DOMAIN;
		if (*k != K_COUNT)
			return t.n;
	}
	return 0;
}

static const struct term *term_at(const struct anonymiser *a, struct slice s, bool boundary)
{
	unsigned char c = low(s.p[0]);
	for (size_t i = a->first[c]; i < a->first[c + 1]; i++) {
		const struct term *t = &a->terms.v[i];
		struct slice head = slice_to(s, t->text.n);
		if (head.n < t->text.n || !(t->exact ? slice_eq(head, t->text) : slice_ieq(head, t->text)))
			continue;
		bool ends = s.n == t->text.n || !is_word(s.p[t->text.n]) || !is_word(t->text.p[t->text.n - 1]);
		if ((boundary || !is_word(t->text.p[0])) && ends)
			return t;
	}
	return NULL;
}

size_t anonymiser_text(struct anonymiser *a, struct slice text, struct buf *out)
{
	size_t count = 0;
	sort_terms(a);
	for (size_t i = 0; i < text.n;) {
		struct slice rest = slice_from(text, i);
		bool boundary = i == 0 || !is_word(text.p[i - 1]);
		enum kind k = K_COUNT;
		uint32_t thing = UINT32_MAX;
		size_t n = boundary && (is_word(rest.p[0]) || rest.p[0] == ':') ? looks_like(a, rest, &k, &thing) : 0;
		const struct term *t = term_at(a, rest, boundary);
		if (t && t->text.n >= n) {
			n = t->text.n;
			k = t->kind;
			thing = t->thing;
		}
		if (!n) {
			buf_addc(out, text.p[i++]);
			continue;
		}
		const struct slice to = replacement(a, k, thing, slice_to(rest, n));
		buf_adds(out, to);
		count += !slice_eq(to, slice_to(rest, n));
		i += n;
	}
	return count;
}

size_t anonymiser_used(const struct anonymiser *a, const struct anonymised **out)
{
	*out = a->used.v;
	return a->used.n;
}
