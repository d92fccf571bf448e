/* config.c - section `notify` of postern.yaml. */
#include "notify/notify_private.h"

enum { CHANNELS_MAX = 64, NAME_MAX_BYTES = 32, WINDOWS_MAX = 32, RECIPIENTS_MAX = 20, ARGUMENTS_MAX = 32, ADDRESS_MAX = 254, URL_MAX = 2048 };

static const char *const kind_keys[NOTIFY_KINDS] = {"mail", "webhook", "syslog", "command"};

const char *notify_kind_name(enum notify_kind k)
{
	return kind_keys[k];
}

struct reading {
	const char *file;
	struct arena *mem;
	struct notify_config *out;
	struct err *e;
};

static int bad(struct reading *r, const struct node *at, const char *text)
{
	struct buf shown = {0};
	if (at->kind == NODE_SCALAR)
		buf_term(&shown, slice_to(at->text, 60));
	int rc = err_at(r->e, ERR_SYNTAX, r->file, at->line, at->column, "%s%.*s%s%s", shown.n ? "\"" : "", SLFMT(buf_slice(&shown)), shown.n ? "\": " : "", text);
	buf_free(&shown);
	return rc;
}

/* No blanks, no control bytes, no bytes that mean something to a mail header or a shell of somebody's script. */
static bool plain_word(struct slice s, const char *forbidden)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr(forbidden, s.p[i]))
			return false;
	return s.n > 0;
}

bool notify_mail_address(struct slice s)
{
	ssize_t at = slice_chr(s, '@');
	if (s.n > ADDRESS_MAX || at < 1 || (size_t)at + 1 >= s.n || slice_chr(slice_from(s, (size_t)at + 1), '@') >= 0)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return s.p[0] != '-' && plain_word(s, "<>()[]\\,;:\"|");
}

static int absolute(struct reading *r, const struct node *n, struct slice *out)
{
	int rc = yaml_text(n, r->file, out, r->e);
	if (!rc && out->p[0] != '/')
		rc = bad(r, n, "an absolute path is expected, \"/usr/...\"");
	if (!rc)
		*out = slice_dup(r->mem, *out); /* with a NUL behind */
	return rc;
}

/* ---- channels ------------------------------------------------------------------------------------------------------------- */

static int mail(struct reading *r, const struct node *n, const struct node *value, struct notify_channel *c)
{
	const struct node *from = yaml_get(n, "from"), *sendmail = yaml_get(n, "sendmail");
	int rc = yaml_texts(value, r->file, r->mem, &c->to, &c->nto, r->e);
	if (rc)
		return rc;
	if (!c->nto || c->nto > RECIPIENTS_MAX)
		return bad(r, value, "one to twenty addresses are expected");
	const struct node *item = value->kind == NODE_LIST ? value->child : value;
	for (size_t i = 0; i < c->nto; i++, item = item->next) {
		if (!notify_mail_address(c->to[i]))
			return bad(r, item, "is no mail address that Postern writes to; write like duty@example.org");
		c->to[i] = slice_dup(r->mem, c->to[i]);
	}
	if (!from)
		return bad(r, n, "a mail channel needs \"from: postern@example.org\"");
	rc = yaml_text(from, r->file, &c->from, r->e);
	if (!rc && !notify_mail_address(c->from))
		rc = bad(r, from, "is no mail address; write like postern@example.org");
	c->from = slice_dup(r->mem, c->from);
	c->sendmail = SL("/usr/sbin/sendmail");
	return rc || !sendmail ? rc : absolute(r, sendmail, &c->sendmail);
}

static int webhook(struct reading *r, const struct node *n, const struct node *value, struct notify_channel *c)
{
	const struct node *secret = yaml_get(n, "secret_file"), *ca = yaml_get(n, "ca_file");
	int rc = yaml_text(value, r->file, &c->url, r->e);
	if (rc)
		return rc;
	if (c->url.n > URL_MAX || !plain_word(c->url, "\"<>\\^`{|}") || !notify_url_fine(c->url))
		return bad(r, value, "is no address of a webhook; write like https://hooks.example.org/postern");
	c->url = slice_dup(r->mem, c->url);
	rc = secret ? absolute(r, secret, &c->secret_file) : 0;
	return rc || !ca ? rc : absolute(r, ca, &c->ca_file);
}

static int syslog_to(struct reading *r, const struct node *n, const struct node *value, struct notify_channel *c)
{
	struct notify_address a;
	const struct node *cef = yaml_get(n, "cef");
	int rc = yaml_text(value, r->file, &c->address, r->e);
	if (!rc && !notify_address_parse(c->address, &a))
		rc = bad(r, value, "write \"udp:192.0.2.1:514\", \"tcp:log.example.org:601\" or \"unix:/dev/log\"");
	c->address = slice_dup(r->mem, c->address);
	c->quiet = false; /* a log server wakes nobody */
	c->most_per_hour = 0;
	return rc || !cef ? rc : yaml_bool(cef, r->file, &c->cef, r->e);
}

static int command(struct reading *r, const struct node *n, const struct node *value, struct notify_channel *c)
{
	(void)n;
	int rc = yaml_texts(value, r->file, r->mem, &c->argv, &c->nargv, r->e);
	if (rc)
		return rc;
	if (!c->nargv || c->nargv > ARGUMENTS_MAX || c->argv[0].p[0] != '/')
		return bad(r, value, "a command is a list: an absolute path, then its arguments");
	for (size_t i = 0; i < c->nargv; i++)
		c->argv[i] = slice_dup(r->mem, c->argv[i]);
	return 0;
}

typedef int channel_fn(struct reading *r, const struct node *n, const struct node *value, struct notify_channel *c);
static const struct {
	channel_fn *read;
	const char *keys[9];
} kinds[NOTIFY_KINDS] = {
	[NOTIFY_MAIL] = {mail, {"name", "min_level", "most_per_hour", "quiet_hours", "mail", "from", "sendmail", NULL}},
	[NOTIFY_WEBHOOK] = {webhook, {"name", "min_level", "most_per_hour", "quiet_hours", "webhook", "secret_file", "ca_file", NULL}},
	[NOTIFY_SYSLOG] = {syslog_to, {"name", "min_level", "most_per_hour", "quiet_hours", "syslog", "cef", NULL}},
	[NOTIFY_COMMAND] = {command, {"name", "min_level", "most_per_hour", "quiet_hours", "command", NULL}},
};

static int name_it(struct reading *r, const struct node *n, struct notify_channel *c)
{
	const struct node *name = yaml_get(n, "name");
	if (!name)
		return bad(r, n, "a channel needs a name: \"name: duty\"");
	int rc = yaml_text(name, r->file, &c->name, r->e);
	if (rc)
		return rc;
	bool fine = c->name.n <= NAME_MAX_BYTES;
	for (size_t i = 0; i < c->name.n && fine; i++) {
		char ch = c->name.p[i];
		fine = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
	}
	if (!fine)
		return bad(r, name, "a channel's name has up to 32 letters, digits, - and _");
	if (notify_channel_by_name(r->out, c->name))
		return bad(r, name, "another channel has this name already");
	c->name = slice_dup(r->mem, c->name);
	return 0;
}

static int level_of(struct reading *r, const struct node *n, enum level *out)
{
	struct slice text;
	int rc = yaml_text(n, r->file, &text, r->e);
	if (!rc && !level_parse(text, out))
		rc = bad(r, n, "a level is expected: informational, low, medium, high or critical");
	return rc;
}

static int of_all_kinds(struct reading *r, const struct node *n, struct notify_channel *c)
{
	const struct node *level = yaml_get(n, "min_level"), *most = yaml_get(n, "most_per_hour"), *quiet = yaml_get(n, "quiet_hours");
	uint64_t number;
	int rc = level ? level_of(r, level, &c->min_level) : 0;
	if (!rc && most && (rc = yaml_number(most, r->file, 0, 100000, &number, r->e)) == 0)
		c->most_per_hour = (unsigned)number;
	return rc || !quiet ? rc : yaml_bool(quiet, r->file, &c->quiet, r->e);
}

static int channel(struct reading *r, const struct node *n, struct notify_channel *c)
{
	const struct node *value = NULL;
	*c = (struct notify_channel){.kind = NOTIFY_KINDS, .min_level = LEVEL_MEDIUM, .most_per_hour = r->out->most_per_hour, .quiet = true};
	if (n->kind != NODE_MAP)
		return err_at(r->e, ERR_TYPE, r->file, n->line, n->column, "a channel is a map, such as {name: duty, mail: [duty@example.org], from: postern@example.org}");
	for (unsigned k = 0; k < NOTIFY_KINDS; k++) {
		const struct node *v = yaml_get(n, kind_keys[k]);
		if (v && c->kind != NOTIFY_KINDS)
			return bad(r, n, "a channel has one of mail, webhook, syslog and command, not two");
		if (v) {
			c->kind = (enum notify_kind)k;
			value = v;
		}
	}
	if (!value)
		return bad(r, n, "a channel needs one of mail, webhook, syslog and command");
	int rc = yaml_keys(n, r->file, kinds[c->kind].keys, r->e);
	if (!rc)
		rc = name_it(r, n, c);
	if (!rc)
		rc = kinds[c->kind].read(r, n, value, c);
	return rc ? rc : of_all_kinds(r, n, c);
}

static int channels(struct reading *r, const struct node *n)
{
	if (n->kind != NODE_LIST || n->n > CHANNELS_MAX)
		return err_at(r->e, ERR_TYPE, r->file, n->line, n->column, "a list of at most %d channels is expected", CHANNELS_MAX);
	r->out->channels = arena_alloc(r->mem, MAX(n->n, (size_t)1) * sizeof *r->out->channels);
	for (const struct node *item = n->child; item; item = item->next) {
		struct notify_channel c;
		int rc = channel(r, item, &c);
		if (rc)
			return rc;
		r->out->channels[r->out->nchannels++] = c; /* counted only now: names are looked for among those before */
	}
	return 0;
}

/* ---- quiet hours ---------------------------------------------------------------------------------------------------------- */

/* {days: mon-fri, from: "22:00", until: "06:00"} as one text. */
static int window_text(struct reading *r, const struct node *n, struct slice *out)
{
	static const char *const keys[] = {"days", "from", "until", NULL};
	const struct node *part[3] = {yaml_get(n, "days"), yaml_get(n, "from"), yaml_get(n, "until")};
	struct slice text[3] = {SLICE_NONE, SLICE_NONE, SLICE_NONE};
	struct buf b = {0};
	int rc = yaml_keys(n, r->file, keys, r->e);
	if (!rc && (!part[1] || !part[2]))
		rc = bad(r, n, "quiet hours need from and until");
	for (int i = 0; i < 3 && !rc; i++)
		rc = part[i] ? yaml_text(part[i], r->file, &text[i], r->e) : 0;
	if (rc)
		return rc;
	buf_addf(&b, "%.*s %.*s-%.*s", SLFMT(text[0]), SLFMT(text[1]), SLFMT(text[2]));
	*out = slice_dup(r->mem, buf_slice(&b));
	buf_free(&b);
	return 0;
}

static int window(struct reading *r, const struct node *n)
{
	struct slice text;
	const char *why;
	size_t got;
	int rc = n->kind == NODE_MAP ? window_text(r, n, &text) : yaml_text(n, r->file, &text, r->e);
	if (!rc && org_hours_parse(text, &r->out->quiet[r->out->nquiet], &got, &why))
		rc = bad(r, n, why);
	if (!rc)
		r->out->nquiet += got;
	return rc;
}

static int quiet_hours(struct reading *r, const struct node *n)
{
	const struct node *item = n->kind == NODE_LIST ? n->child : n;
	size_t most = n->kind == NODE_LIST ? n->n : 1;
	if (most > WINDOWS_MAX)
		return err_at(r->e, ERR_LIMIT, r->file, n->line, n->column, "more than %d quiet hours", WINDOWS_MAX);
	r->out->quiet = arena_alloc(r->mem, (2 * most + 1) * sizeof *r->out->quiet);
	for (size_t i = 0; i < most; i++, item = item->next) {
		int rc = window(r, item);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- the section ---------------------------------------------------------------------------------------------------------- */

static int retry(struct reading *r, const struct node *n)
{
	static const char *const keys[] = {"first", "longest", NULL};
	int rc = yaml_keys(n, r->file, keys, r->e);
	const struct node *first = yaml_get(n, "first"), *longest = yaml_get(n, "longest");
	if (!rc && first)
		rc = yaml_duration(first, r->file, NS_SEC / 100, NS_DAY, &r->out->first_wait, r->e);
	if (!rc && longest)
		rc = yaml_duration(longest, r->file, NS_SEC / 100, NS_DAY, &r->out->longest_wait, r->e);
	if (!rc && r->out->longest_wait < r->out->first_wait)
		rc = bad(r, longest ? longest : first, "the longest wait is shorter than the first");
	return rc;
}

static int numbers(struct reading *r, const struct node *n)
{
	const struct node *group = yaml_get(n, "group"), *most = yaml_get(n, "most_per_hour"), *attempts = yaml_get(n, "attempts");
	uint64_t number;
	int rc = group ? yaml_duration(group, r->file, 0, NS_DAY, &r->out->group, r->e) : 0;
	if (!rc && most && (rc = yaml_number(most, r->file, 1, 100000, &number, r->e)) == 0)
		r->out->most_per_hour = (unsigned)number;
	if (!rc && attempts && (rc = yaml_number(attempts, r->file, 1, 1000, &number, r->e)) == 0)
		r->out->attempts = (unsigned)number;
	return rc;
}

int notify_config_read(const struct node *n, const char *file, struct arena *mem, struct notify_config *out, struct err *e)
{
	static const char *const keys[] = {"group", "most_per_hour", "quiet_hours", "attempts", "retry", "channels", NULL};
	struct reading r = {file, mem, out, e};
	*out = (struct notify_config){.group = NS_MIN, .most_per_hour = 20, .attempts = 12, .first_wait = NS_SEC, .longest_wait = NS_HOUR, .version = ""};
	if (!n)
		return 0;
	int rc = yaml_keys(n, file, keys, e);
	const struct node *quiet = yaml_get(n, "quiet_hours"), *again = yaml_get(n, "retry"), *list = yaml_get(n, "channels");
	if (!rc)
		rc = numbers(&r, n);
	if (!rc && again)
		rc = retry(&r, again);
	if (!rc && quiet)
		rc = quiet_hours(&r, quiet);
	return rc || !list ? rc : channels(&r, list);
}

const struct notify_channel *notify_channel_by_name(const struct notify_config *c, struct slice name)
{
	for (size_t i = 0; i < c->nchannels; i++)
		if (slice_eq(c->channels[i].name, name))
			return &c->channels[i];
	return NULL;
}
