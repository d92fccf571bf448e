/* sshdmatch.c - which of sshd's lines hold for whom.
 *
 * As sshd does it: one pass over the global section, where the first value of a setting counts; then, for a connection, one over the Match blocks, whose
 * first value counts and replaces what the first pass found. An included file's Match ends with it. */
#include "snapshot/sshdconf.h"
#include "snapshot/sshdtable.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_ALGORITHMS "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com," \
	"ecdsa-sha2-nistp521-cert-v01@openssh.com,sk-ssh-ed25519-cert-v01@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,"              \
	"rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"                \
	"ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256"

const struct sshd_table sshd_table[] = {
#define SETTING(name, kind, match, none) {#name, kind, match, none},
#define ALIAS(name, of)
#define IGNORED(name)
#include "snapshot/sshd.def"
#undef SETTING
#undef ALIAS
#undef IGNORED
};
static const struct { const char *name, *of; } aliases[] = {
#define SETTING(name, kind, match, none)
#define ALIAS(name, of) {#name, #of},
#define IGNORED(name) {#name, NULL},
#include "snapshot/sshd.def"
};

size_t sshd_settings(void)
{
	return ARRAY_LEN(sshd_table);
}

const char *sshd_setting_name(size_t i)
{
	return sshd_table[i].name;
}

int sshd_find(const char *keyword)
{
	if (strcmp(keyword, "match") == 0)
		return SSHD_MATCH;
	if (strcmp(keyword, "include") == 0)
		return SSHD_INCLUDE;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (strcmp(keyword, aliases[i].name))
			continue;
		if (!aliases[i].of)
			return SSHD_IGNORED;
		keyword = aliases[i].of;
		break;
	}
	for (size_t i = 0; i < ARRAY_LEN(sshd_table); i++)
		if (strcmp(keyword, sshd_table[i].name) == 0)
			return (int)i;
	return SSHD_UNKNOWN;
}

/* ---- patterns -------------------------------------------------------------------------------------------------------------- */

/* * and ?; the last * is what is gone back to, so that no pattern costs more than pattern times name. */
static bool pattern_fits(struct slice name, struct slice pattern, bool fold)
{
	size_t i = 0, k = 0, star = SIZE_MAX, back = 0;
	while (i < name.n) {
		char a = name.p[i], b = k < pattern.n ? pattern.p[k] : 0;
		if (k < pattern.n && b == '*') {
			star = k++;
			back = i;
		} else if (k < pattern.n && (b == '?' || a == b || (fold && tolower((unsigned char)a) == tolower((unsigned char)b)))) {
			i++;
			k++;
		} else if (star != SIZE_MAX) {
			k = star + 1;
			i = ++back;
		} else {
			return false;
		}
	}
	while (k < pattern.n && pattern.p[k] == '*')
		k++;
	return k == pattern.n;
}

/* One that is negated and fits decides at once. */
static bool fits_list(struct slice list, bool (*fits)(struct slice, struct slice, bool), struct slice name, bool fold)
{
	struct slice one;
	bool yes = false;
	while (list.n) {
		if (!slice_cut(&list, ',', &one)) {
			one = list;
			list = SLICE_NONE;
		}
		bool not = slice_starts(one, SL("!"));
		if (!fits(name, not ? slice_from(one, 1) : one, fold))
			continue;
		if (not)
			return false;
		yes = true;
	}
	return yes;
}

bool sshd_pattern_list(struct slice name, struct slice list, bool fold)
{
	return fits_list(list, pattern_fits, name, fold);
}

static bool address_fits(struct slice address, struct slice pattern, bool fold)
{
	struct cidr net;
	struct ip ip;
	if (cidr_parse(pattern, &net))
		return ip_parse(address, &ip) && cidr_has(&net, &ip);
	return pattern_fits(address, pattern, fold);
}

bool sshd_address_list(struct slice address, struct slice list)
{
	return fits_list(list, address_fits, address, true);
}

/* ---- Match ------------------------------------------------------------------------------------------------------------------- */

static bool any_group(const struct sshd_who *w, struct slice list)
{
	struct slice one, rest = list;
	bool yes = false;
	while (rest.n) { /* a group that is negated refuses whoever is in it */
		if (!slice_cut(&rest, ',', &one)) {
			one = rest;
			rest = SLICE_NONE;
		}
		bool not = slice_starts(one, SL("!"));
		for (size_t i = 0; i < w->ngroups; i++) {
			if (!pattern_fits(w->groups[i], not ? slice_from(one, 1) : one, false))
				continue;
			if (not)
				return false;
			yes = true;
		}
	}
	return yes;
}

static bool criterion(const struct sshd_who *w, struct slice name, struct slice value)
{
	if (slice_ieq(name, SL("user")))
		return w->user.n && sshd_pattern_list(w->user, value, false);
	if (slice_ieq(name, SL("group")))
		return any_group(w, value);
	if (slice_ieq(name, SL("host")))
		return w->host.n && sshd_pattern_list(w->host, value, true);
	if (slice_ieq(name, SL("address")))
		return w->address.n && sshd_address_list(w->address, value);
	return false; /* localaddress, localport, rdomain: of a connection that there is not */
}

static bool block_matches(const struct sshd_who *w, const struct sshd_line *l)
{
	bool yes = l->nargs > 0;
	if (l->nargs == 1 && slice_ieq(l->args[0], SL("all")))
		return true;
	for (size_t i = 0; i < l->nargs; i++) {
		struct slice name = l->args[i], value;
		ssize_t eq = slice_chr(name, '='); /* "user=bob" is two words to sshd */
		if (eq >= 0) {
			value = slice_from(name, (size_t)eq + 1);
			name = slice_to(name, (size_t)eq);
		} else {
			value = ++i < l->nargs ? l->args[i] : SLICE_NONE;
		}
		yes &= w && criterion(w, name, value);
	}
	return yes;
}

/* ---- values ------------------------------------------------------------------------------------------------------------------- */

bool sshd_seconds(struct slice s, int64_t *out)
{
	static const struct { char unit; int64_t seconds; } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	int64_t total = 0, n = 0;
	bool digits = false;
	for (size_t i = 0; i < s.n; i++) {
		char ch = (char)tolower((unsigned char)s.p[i]);
		if (ch >= '0' && ch <= '9' && n < 100000000) {
			n = n * 10 + (ch - '0');
			digits = true;
			continue;
		}
		int64_t factor = 0;
		for (size_t k = 0; k < ARRAY_LEN(units); k++)
			if (units[k].unit == ch)
				factor = units[k].seconds;
		if (!factor || !digits)
			return false;
		total += n * factor;
		n = 0;
		digits = false;
	}
	*out = total + n;
	return s.n > 0;
}

static struct slice mapped(struct slice s, const char *const (*map)[2])
{
	for (; (*map)[0]; map++)
		if (slice_ieq(s, slice_of((*map)[0])))
			return slice_of((*map)[1]);
	return s;
}

static struct slice cased(struct collector *c, struct slice s, int (*fold)(int))
{
	struct slice out = slice_dup(&c->scratch, s);
	for (size_t i = 0; i < out.n; i++) {
		char *p = (char *)(uintptr_t)&out.p[i];
		*p = (char)fold((unsigned char)*p);
	}
	return out;
}

/* Without those of `less`, whose names may be patterns. */
static void without(struct slice list, struct slice less, struct buf *out)
{
	struct slice one;
	while (list.n) {
		if (!slice_cut(&list, ',', &one)) {
			one = list;
			list = SLICE_NONE;
		}
		if (sshd_pattern_list(one, less, false))
			continue;
		if (out->n)
			buf_addc(out, ',');
		buf_adds(out, one);
	}
}

/* "+a,b" behind the default list, "-a*" out of it, "^a" before it. */
static struct slice listed(struct collector *c, struct slice s, const char *none)
{
	struct buf b = {0}, rest = {0};
	char sign = s.n ? s.p[0] : 0;
	if (sign != '+' && sign != '-' && sign != '^')
		return s;
	s = slice_from(s, 1);
	if (sign == '-') {
		without(slice_of(none), s, &b);
	} else {
		without(sign == '+' ? s : slice_of(none), sign == '+' ? slice_of(none) : s, &rest);
		buf_adds(&b, sign == '+' ? slice_of(none) : s);
		if (rest.n)
			buf_addc(&b, ',');
		buf_adds(&b, buf_slice(&rest));
	}
	struct slice out = slice_dup(&c->scratch, buf_slice(&b));
	buf_free(&b);
	buf_free(&rest);
	return out;
}

/* ports: "8080" alone is one of any address, "*:8080". */
static struct slice joined(struct collector *c, const struct sshd_line *l, bool ports)
{
	uint64_t port;
	struct buf b = {0};
	for (size_t i = 0; i < l->nargs; i++) {
		if (i)
			buf_addc(&b, ' ');
		if (ports && slice_u64(l->args[i], 65535, &port))
			buf_addz(&b, "*:");
		buf_adds(&b, l->args[i]);
	}
	struct slice out = slice_dup(&c->scratch, buf_slice(&b));
	buf_free(&b);
	return out;
}

static struct slice printed(struct collector *c, const struct sshd_line *l, const struct sshd_table *t)
{
	static const char *const yesno[][2] = {{"true", "yes"}, {"false", "no"}, {"yes", "yes"}, {"no", "no"}, {NULL, NULL}};
	static const char *const root[][2] = {{"prohibit-password", "without-password"}, {"without-password", "without-password"}, {"forced-commands-only", "forced-commands-only"},
		{"yes", "yes"}, {"no", "no"}, {NULL, NULL}};
	static const char *const forwarding[][2] = {{"all", "yes"}, {"yes", "yes"}, {"no", "no"}, {"local", "local"}, {"remote", "remote"}, {NULL, NULL}};
	static const char *const compression[][2] = {{"delayed", "yes"}, {"yes", "yes"}, {"no", "no"}, {NULL, NULL}};
	struct slice s = l->args[0];
	int64_t n;
	switch (t->kind) {
	case APPEND: case FIRST: case TEXT: return s;
	case LINES: case JOINED: return joined(c, l, false);
	case PORTS: return joined(c, l, true);
	case VERBATIM: return l->text;
	case LISTED: return listed(c, s, t->none);
	case WORD: return cased(c, s, tolower);
	case UPPER: return slice_ieq(s, SL("debug1")) ? SL("DEBUG") : cased(c, s, toupper);
	case YESNO: return mapped(s, yesno);
	case ROOT: return mapped(s, root);
	case FORWARDING: return mapped(s, forwarding);
	case COMPRESSION: return mapped(s, compression);
	case SECONDS: case SECONDS_NONE: return sshd_seconds(s, &n) ? slice_of(collect_path(c, "%lld", (long long)n)) : s;
	}
	return s;
}

static void add_value(struct collector *c, struct sshd_value **list, const struct sshd_line *l, struct slice text)
{
	struct sshd_value *v = arena_alloc(&c->scratch, sizeof *v);
	*v = (struct sshd_value){.from = l, .text = text};
	while (*list)
		list = &(*list)->next;
	*list = v;
}

static void take_line(struct collector *c, const struct sshd_line *l, struct sshd_value **values)
{
	const struct sshd_table *t = &sshd_table[l->setting];
	struct sshd_value **list = &values[l->setting];
	bool several = t->kind == APPEND || t->kind == LINES;
	if (*list && !several)
		return;
	bool each = t->kind == APPEND || t->kind == FIRST;
	for (size_t i = 0; each && i < l->nargs; i++)
		add_value(c, list, l, l->args[i]);
	if (!each)
		add_value(c, list, l, printed(c, l, t));
}

/* ---- passes -------------------------------------------------------------------------------------------------------------------- */
enum { NESTED = 20 };
struct pass {
	bool active, never, match_only;
};

/* who NULL: the pass over the global section. */
static void pass(struct collector *c, const struct sshd_conf *conf, const struct sshd_who *who, struct sshd_value **values)
{
	struct pass stack[NESTED] = {{.active = who == NULL, .match_only = who != NULL}};
	unsigned file[NESTED] = {conf->lines.n ? conf->lines.v[0].file : 0};
	size_t depth = 0;
	for (size_t i = 0; i < conf->lines.n; i++) {
		const struct sshd_line *l = &conf->lines.v[i];
		if (l->file != file[depth] && depth + 1 < NESTED) { /* into an included file */
			struct pass *outer = &stack[depth];
			stack[depth + 1] = (struct pass){.active = outer->active, .match_only = outer->match_only, .never = !outer->match_only && (outer->never || !outer->active)};
			file[++depth] = l->file;
		}
		struct pass *p = &stack[depth];
		if (l->setting == SSHD_END) {
			depth -= depth > 0;
		} else if (l->setting == SSHD_MATCH) {
			p->active = !p->never && block_matches(who, l);
			p->match_only = false;
		} else if (l->setting >= 0 && p->active && (!who || sshd_table[l->setting].match)) {
			take_line(c, l, values);
		}
	}
}

void sshd_conf_effective(struct collector *c, const struct sshd_conf *conf, const struct sshd_who *who, struct sshd_value **values)
{
	static const struct sshd_who nobody; /* whom Match all fits, too */
	struct sshd_value **matched = xcalloc(ARRAY_LEN(sshd_table), sizeof *matched);
	memset(values, 0, ARRAY_LEN(sshd_table) * sizeof(struct sshd_value *));
	pass(c, conf, NULL, values);
	if (conf->matches)
		pass(c, conf, who ? who : &nobody, matched);
	for (size_t i = 0; i < ARRAY_LEN(sshd_table); i++) {
		if (matched[i])
			values[i] = matched[i];
		if (!values[i] && sshd_table[i].none)
			add_value(c, &values[i], NULL, slice_of(sshd_table[i].none));
	}
	free(matched);
}
