/* identity.c - who a message says it is from, and who it can be from. */
#include "mail/mail_private.h"

#include <stdlib.h>

struct brand { const char *words, *sites; };
static const struct brand brands[] = {
#define BRAND(words, sites) {words, sites},
#include "mail/brands.def"
#undef BRAND
};

static bool each_word(struct slice list, bool (*fn)(void *arg, struct slice word), void *arg)
{
	struct slice word;
	while (list.n) {
		if (!slice_cut(&list, '|', &word)) {
			word = list;
			list.n = 0;
		}
		if (word.n && fn(arg, word))
			return true;
	}
	return false;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (uint8_t)c >= 0x80; }

/* As a word of its own in arg (a slice, lower case). */
static bool stands_in(void *arg, struct slice word)
{
	const struct slice *s = arg;
	struct slice rest = *s;
	for (ssize_t at; (at = slice_find(rest, word)) >= 0; rest = slice_from(rest, (size_t)at + 1)) {
		const char *p = rest.p + at;
		if ((p == s->p || !is_letter(p[-1])) && (p + word.n == s->p + s->n || !is_letter(p[word.n])))
			return true;
	}
	return false;
}

static bool is_site(void *arg, struct slice word)
{
	const struct slice *site = arg;
	return slice_eq(*site, word);
}

/* "Name (Google)" says where somebody works: what stands in brackets is no claim to be the firm. */
static struct slice without_brackets(struct lure *l, struct slice s)
{
	struct buf b = {0};
	unsigned depth = 0;
	for (size_t i = 0; i < s.n; i++) {
		depth += s.p[i] == '(' || s.p[i] == '[';
		if (!depth)
			buf_addc(&b, s.p[i]);
		if ((s.p[i] == ')' || s.p[i] == ']') && depth)
			depth--;
	}
	struct slice r = slice_dup(lure_arena(l), buf_slice(&b));
	buf_free(&b);
	return r;
}

static bool is_own(const struct message *m, struct slice site)
{
	return m->mail->options.org && org_domain_own(m->mail->options.org, site);
}

static void judge_brand(struct message *m, struct slice name)
{
	struct slice claim = without_brackets(m->l, name);
	if (is_own(m, m->from.site))
		return;
	for (size_t i = 0; i < ARRAY_LEN(brands); i++) {
		if (!each_word(slice_of(brands[i].words), stands_in, &claim) || each_word(slice_of(brands[i].sites), is_site, &m->from.site))
			continue;
		sign(m, IND_MAIL_BRAND_FOREIGN, SL("From"), "\"%.*s\" from %.*s", SLFMT(m->from.name), SLFMT(m->from.domain));
		return;
	}
}

/* Sites that a name like this one could be taken for. */
static void judge_likeness(struct message *m)
{
	struct slice word;
	for (size_t i = 0; i < ARRAY_LEN(brands); i++)
		for (struct slice list = slice_of(brands[i].sites); list.n;) {
			if (!slice_cut(&list, '|', &word)) {
				word = list;
				list.n = 0;
			}
			const char *how = looks_like(m->from.site, word);
			if (how && strcmp(how, "the same name with another ending") != 0 && !each_word(slice_of(brands[i].sites), is_site, &m->from.site)) {
				sign(m, IND_MAIL_LOOKALIKE_BRAND, SL("From"), "%.*s is like %.*s: %s", SLFMT(m->from.domain), SLFMT(word), how);
				return;
			}
		}
}

bool judge_own_likeness(struct message *m, struct slice site, const char *where)
{
	const struct org *o = m->mail->options.org;
	size_t n[2] = {0};
	const struct slice *lists[2] = {o ? org_domains(o, &n[0]) : NULL, o ? org_partners(o, &n[1]) : NULL};
	if (!site.n || is_own(m, site))
		return false;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < n[k]; i++)
			if (slice_ieq(site, lists[k][i]))
				return false; /* a partner's own */
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < n[k]; i++) {
			const char *how = looks_like(site, site_of(m->l, lists[k][i]));
			if (how) {
				lure_found(m->l, m->id, IND_MAIL_LOOKALIKE_OWN, UINT64_MAX, where, "%.*s is like %.*s: %s", SLFMT(site), SLFMT(lists[k][i]), how);
				return true;
			}
		}
	return false;
}

/* ---- own staff ---------------------------------------------------------------------------------------------------------------------------- */

/* The words of a name, sorted: "Weber, Dr. Klaus" is "Dr. Klaus Weber". Titles are left out. */
static size_t name_words(struct slice folded, struct slice *words, size_t most)
{
	static const char *const titles[] = {"dr", "prof", "dipl", "ing", "herr", "frau", "mr", "mrs", "ms", "phd", "msc", "via"};
	size_t n = 0;
	for (size_t i = 0; i < folded.n && n < most;) {
		while (i < folded.n && !is_letter(folded.p[i]))
			i++;
		size_t from = i;
		while (i < folded.n && is_letter(folded.p[i]))
			i++;
		struct slice w = slice_to(slice_from(folded, from), i - from);
		bool title = w.n < 2;
		for (size_t t = 0; t < ARRAY_LEN(titles); t++)
			title |= slice_eqz(w, titles[t]);
		if (w.n && !title)
			words[n++] = w;
	}
	return n;
}

static bool same_person(struct lure *l, struct slice shown, struct slice name)
{
	struct slice a[8], b[8];
	size_t na = name_words(folded_name(l, shown), a, ARRAY_LEN(a)), nb = name_words(folded_name(l, name), b, ARRAY_LEN(b)), found = 0;
	for (size_t i = 0; i < nb; i++)
		for (size_t k = 0; k < na; k++)
			if (slice_eq(a[k], b[i])) {
				found++;
				break;
			}
	return nb >= 2 && found == nb && na <= nb + 2;
}

static int by_letters(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int c = memcmp(x->p, y->p, MIN(x->n, y->n));
	return c ? c : (x->n > y->n) - (x->n < y->n);
}

struct slice person_of(struct lure *l, struct slice name)
{
	struct slice w[8];
	struct buf b = {0};
	size_t n = name_words(folded_name(l, name), w, ARRAY_LEN(w));
	if (n < 2 && !(n == 1 && w[0].n >= 9 && (uint8_t)w[0].p[0] >= 0xea)) /* Korean names are written as one word */
		return SLICE_NONE;
	qsort(w, n, sizeof *w, by_letters);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%.*s", i ? " " : "", SLFMT(w[i]));
	struct slice r = slice_dup(lure_arena(l), buf_slice(&b));
	buf_free(&b);
	return r;
}

static bool is_security_role(struct slice role)
{
	static const char *const words[] = {"security", "ciso", "sicherheit", "isb", "datenschutz", "보안"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_ihas(role, slice_of(words[i])))
			return true;
	return false;
}

static void judge_staff(struct message *m)
{
	const struct org *o = m->mail->options.org;
	size_t n = 0;
	const struct org_person *staff = o ? org_staff(o, &n) : NULL;
	for (size_t i = 0; i < n; i++) {
		if (!m->from.name.n || !same_person(m->l, m->from.name, staff[i].name) || (staff[i].mail.n && slice_ieq(m->from.address, staff[i].mail)))
			continue;
		bool security = false;
		for (size_t r = 0; r < staff[i].nroles; r++)
			security |= is_security_role(staff[i].roles[r]);
		if (is_own(m, m->from.site))
			continue;
		lure_found(m->l, m->id, security ? IND_MAIL_SECURITY_IMPERSONATED : IND_MAIL_STAFF_IMPERSONATED, UINT64_MAX, "From", "\"%.*s\" from %.*s", SLFMT(m->from.name), SLFMT(m->from.address));
		return;
	}
	/* an office, not a person: "IT-Sicherheit" from outside */
	static const char *const offices[] = {"it security", "it-security", "it-sicherheit", "security manager", "security officer", "information security", "informationssicherheit", "sicherheitsbeauftragte", "helpdesk", "help desk", "it-support",
		"it support", "it service", "it-abteilung", "it department", "system administrator", "systemadministrator", "mail administrator", "보안담당", "보안 담당", "정보보호", "전산실"};
	struct slice name = folded_text(m->l, m->from.name);
	for (size_t i = 0; i < ARRAY_LEN(offices); i++)
		if (slice_has(name, slice_of(offices[i])) && !is_own(m, m->from.site)) {
			sign(m, IND_MAIL_OFFICE_CLAIMED, SL("From"), "\"%.*s\" from %.*s", SLFMT(m->from.name), SLFMT(m->from.address));
			return;
		}
}

/* ---- headers ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_ignorable(struct slice s)
{
	static const struct slice marks[] = {{"\xe2\x80\x8b", 3}, {"\xe2\x80\x8c", 3}, {"\xe2\x80\x8d", 3}, {"\xe2\x80\x8e", 3}, {"\xe2\x80\x8f", 3}, {"\xc2\xad", 2}, {"\xef\xbb\xbf", 3}, {"\xe2\x81\xa0", 3}, {"\xcd\x8f", 2}, {"\xe3\x85\xa4", 3}};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_starts(s, marks[i]))
			return true;
	return false;
}

/* Signs that are not seen within words, letters of mathematics, Cyrillic or Greek among Latin ones. */
static const char *obscured(struct slice s)
{
	unsigned hidden = 0, latin = 0, other = 0, math = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];
		hidden += is_ignorable(slice_from(s, i));
		latin += (c | 32) >= 'a' && (c | 32) <= 'z';
		other += c == 0xd0 || c == 0xd1 || (c == 0xce) || (c == 0xcf);
		math += c == 0xf0 && i + 2 < s.n && (uint8_t)s.p[i + 1] == 0x9d;
	}
	if (hidden >= 2)
		return "signs that are not seen";
	if (math >= 2)
		return "letters of mathematics";
	return latin >= 3 && other && other <= 4 && latin > other ? "letters of two scripts in one" : NULL;
}

/* An address or site within the name that is not the sender's. */
static void judge_shown_address(struct message *m, struct slice name)
{
	ssize_t at = slice_chr(name, '@');
	if (at > 0) {
		struct slice d = slice_from(name, (size_t)at + 1);
		size_t n = 0;
		while (n < d.n && ((d.p[n] >= 'a' && d.p[n] <= 'z') || (d.p[n] >= '0' && d.p[n] <= '9') || d.p[n] == '.' || d.p[n] == '-'))
			n++;
		struct slice site = site_of(m->l, slice_to(d, n));
		if (slice_chr(site, '.') > 0 && !slice_eq(site, m->from.site))
			sign(m, IND_MAIL_SHOWS_OTHER_ADDRESS, SL("From"), "\"%.*s\" from %.*s", SLFMT(m->from.name), SLFMT(m->from.address));
	}
}

/* Pictures in a name: firms and people sign with letters. */
static unsigned pictures(struct slice s)
{
	unsigned n = 0;
	for (size_t i = 0; i + 2 < s.n; i++) {
		uint8_t a = (uint8_t)s.p[i], b = (uint8_t)s.p[i + 1], c = (uint8_t)s.p[i + 2];
		n += (a == 0xf0 && b == 0x9f) || (a == 0xe2 && ((b == 0x9c && c >= 0x80) || b == 0x9d || b == 0x98 || b == 0x9b || (b == 0xad && c == 0x90)));
	}
	return n;
}

/* Words between commas that are no address: made for programs that show only the first. */
static bool is_malformed(struct slice raw)
{
	bool quoted = false, at = false;
	unsigned bare = 0, letters = 0;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '\\' && quoted) {
			i++;
			continue;
		}
		quoted ^= c == '"';
		if (quoted)
			continue;
		at |= c == '@';
		letters += c == '"' || is_letter(c) || (c >= 'A' && c <= 'Z');
		if (c == ',' || c == ';') {
			bare += letters && !at;
			at = false;
			letters = 0;
		}
	}
	return bare > 0;
}

static void judge_headers(struct message *m)
{
	const char *how = obscured(m->from.name);
	if (!how)
		how = obscured(m->subject);
	if (how)
		sign(m, IND_MAIL_HEADER_OBSCURED, SL("From, Subject"), "%s", how);
	if (m->nfrom > 1 || is_malformed(m->from_raw))
		sign(m, IND_MAIL_SEVERAL_FROM, SL("From"), "%.*s", SLFMT(slice_to(m->from_raw, 120)));
	if (pictures(m->from.name))
		sign(m, IND_MAIL_PICTURES_IN_NAME, SL("From"), "%.*s", SLFMT(m->from.name));
	if (!m->from.domain.n || slice_chr(m->from.domain, '.') < 0)
		sign(m, IND_MAIL_FROM_NOWHERE, SL("From"), "\"%.*s\"", SLFMT(m->from.address));
	bool away = m->reply.site.n && !slice_eq(m->reply.site, m->from.site);
	if (away && !m->bulk && is_freemail(m->reply.site) && !is_freemail(m->from.site))
		sign(m, IND_MAIL_REPLY_ELSEWHERE, SL("Reply-To"), "%.*s, from %.*s", SLFMT(m->reply.address), SLFMT(m->from.address));
	struct slice subject = folded_text(m->l, m->subject);
	bool answers = slice_starts(subject, SL("re:")) || slice_starts(subject, SL("aw:")) || slice_starts(subject, SL("fwd:")) || slice_starts(subject, SL("fw:")) || slice_starts(subject, SL("wg:")) || slice_starts(subject, SL("답장:"));
	if (answers && !m->references.n && !m->bulk)
		sign(m, IND_MAIL_FAKE_REPLY, SL("Subject"), "\"%.*s\" answers nothing", SLFMT(slice_to(m->subject, 80)));
}

void judge_identity(struct message *m)
{
	struct slice name = folded_text(m->l, m->from.name);
	judge_brand(m, name);
	judge_staff(m);
	judge_shown_address(m, name);
	judge_headers(m);
	if (!judge_own_likeness(m, m->from.site, "From") && !judge_own_likeness(m, m->reply.site, "Reply-To"))
		judge_likeness(m);
}
