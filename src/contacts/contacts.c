/* contacts.c - mailboxes and who writes to them: first contact, a known name at a new address, talk that ends in a package. */
#include "contacts/contacts_private.h"

#include <stdio.h>
#include <stdlib.h>

#define KEPT (400 * NS_DAY)       /* nobody wrote for so long: a stranger again */
#define SEEN_KEPT (120 * NS_DAY)
#define RAMP_AFTER (5 * NS_DAY)
#define RAMP_TOLD (30 * NS_DAY)   /* what comes next after a package is part of the same attempt */
#define NAME_AFTER (7 * NS_DAY)
enum { RAMP_MAILS = 3, NAME_MAILS = 3, CONTACTS_MAX = 500000, TRAITS_MAX = 1000000, SEEN_MAX = 1000000 };

static const char *const tables[] = {
	"CREATE TABLE contact(mailbox TEXT NOT NULL, address TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, first_any INTEGER, first_package INTEGER,"
	" first_link INTEGER, first_file INTEGER, job INTEGER, channel INTEGER, ramp INTEGER, PRIMARY KEY(mailbox,address)) WITHOUT ROWID;"
	"CREATE INDEX contact_last ON contact(last);"
	"CREATE TABLE contact_name(mailbox TEXT NOT NULL, person TEXT NOT NULL, address TEXT NOT NULL, site TEXT NOT NULL, shown TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" count INTEGER NOT NULL, PRIMARY KEY(mailbox,person,address)) WITHOUT ROWID;"
	"CREATE INDEX contact_name_last ON contact_name(last);"
	"CREATE TABLE contact_own(address TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE contact_trait(address TEXT NOT NULL, kind INTEGER NOT NULL, value TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,"
	" PRIMARY KEY(address,kind,value)) WITHOUT ROWID;"
	"CREATE INDEX contact_trait_last ON contact_trait(last);"
	"CREATE TABLE contact_seen(digest TEXT NOT NULL, id TEXT NOT NULL, time INTEGER NOT NULL, signs INTEGER NOT NULL, first TEXT NOT NULL, address TEXT NOT NULL, ramp TEXT NOT NULL,"
	" unusual TEXT NOT NULL, PRIMARY KEY(digest,id)) WITHOUT ROWID;"
	"CREATE INDEX contact_seen_time ON contact_seen(time);",
};

/* By age, then by number: the oldest go. */
static int forget(struct contacts *c, struct err *e)
{
	static const struct { const char *old, *many; nstime kept; int64_t most; } rows[] = {
		{"DELETE FROM contact WHERE last<?1", "DELETE FROM contact WHERE last<(SELECT last FROM contact ORDER BY last DESC LIMIT 1 OFFSET ?1)", KEPT, CONTACTS_MAX},
		{"DELETE FROM contact_name WHERE last<?1", "DELETE FROM contact_name WHERE last<(SELECT last FROM contact_name ORDER BY last DESC LIMIT 1 OFFSET ?1)", KEPT, CONTACTS_MAX},
		{"DELETE FROM contact_own WHERE last<?1", NULL, KEPT, 0},
		{"DELETE FROM contact_trait WHERE last<?1", "DELETE FROM contact_trait WHERE last<(SELECT last FROM contact_trait ORDER BY last DESC LIMIT 1 OFFSET ?1)", KEPT, TRAITS_MAX},
		{"DELETE FROM contact_seen WHERE time<?1", "DELETE FROM contact_seen WHERE time<(SELECT time FROM contact_seen ORDER BY time DESC LIMIT 1 OFFSET ?1)", SEEN_KEPT, SEEN_MAX},
	};
	int rc = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows) && !rc; i++) {
		rc = vault_run(c->vault, rows[i].old, NULL, NULL, e, "t", c->now - rows[i].kept);
		if (!rc && rows[i].many)
			rc = vault_run(c->vault, rows[i].many, NULL, NULL, e, "i", rows[i].most);
	}
	return rc;
}

int contacts_today(struct contacts *c, nstime now, struct err *e)
{
	int rc = contacts_begin(c, e);
	c->now = now;
	if (!rc)
		rc = forget(c, e);
	if (!rc)
		return contacts_end(c, e);
	contacts_undo(c);
	return rc;
}

struct contacts *contacts_open(const char *path, nstime now, struct err *e)
{
	struct contacts *c = xcalloc(1, sizeof *c);
	c->vault = vault_open(path, VAULT_CREATE, e);
	int rc = c->vault ? vault_tables(c->vault, "contacts", tables, ARRAY_LEN(tables), e) : ERR_IO;
	if (!rc)
		rc = contacts_today(c, now, e);
	if (!rc)
		return c;
	contacts_close(c);
	return NULL;
}

void contacts_close(struct contacts *c)
{
	if (!c)
		return;
	if (c->vault)
		vault_rollback(c->vault);
	vault_close(c->vault);
	free(c);
}

int contacts_begin(struct contacts *c, struct err *e) { return vault_begin(c->vault, e); }
int contacts_end(struct contacts *c, struct err *e) { return vault_commit(c->vault, e); }
void contacts_undo(struct contacts *c) { vault_rollback(c->vault); }

/* ---- one mailbox and one counterpart ----------------------------------------------------------------------------------------------------- */

struct row { bool there; nstime first, first_any, first_package, job, channel, ramp; int64_t count; };

static int read_row(void *arg, const struct vault_row *r)
{
	*(struct row *)arg = (struct row){true, vault_time(r, 0), vault_time(r, 2), vault_time(r, 3), vault_time(r, 4), vault_time(r, 5), vault_time(r, 6), vault_int(r, 1)};
	return 0;
}

/* Days of talk, of a job among other things, and nothing in it; now something comes. */
static bool is_ramp(const struct row *r, const struct contact_mail *m)
{
	if (!m->stranger || !r->there || m->weight == WEIGHT_TALK)
		return false;
	if (r->ramp != NSTIME_NONE)
		return m->date - r->ramp <= RAMP_TOLD;
	bool new_kind = r->first_any == NSTIME_NONE || (m->weight == WEIGHT_PACKAGE && r->first_package == NSTIME_NONE);
	return new_kind && r->job != NSTIME_NONE && r->job < m->date && r->count >= RAMP_MAILS && m->date - r->first >= RAMP_AFTER;
}

static int meet_counterpart(struct contacts *c, const struct contact_mail *m, struct slice mailbox, struct contact_signs *out, struct err *e)
{
	struct row r = {.first_any = NSTIME_NONE, .first_package = NSTIME_NONE, .job = NSTIME_NONE, .channel = NSTIME_NONE, .ramp = NSTIME_NONE};
	int rc = vault_run(c->vault, "SELECT first,count,first_any,first_package,job,channel,ramp FROM contact WHERE mailbox=?1 AND address=?2", read_row, &r, e, "ss", mailbox, m->from);
	if (rc)
		return rc;
	if (!r.there && m->stranger && !out->first[0])
		snprintf(out->first, sizeof out->first, "%.*s to %.*s", SLFMT(slice_to(m->from, 90)), SLFMT(slice_to(mailbox, 90)));
	bool ramp = is_ramp(&r, m);
	if (ramp && !out->ramp[0])
		snprintf(out->ramp, sizeof out->ramp, "%lld messages in %lld days%s%s, now %s", (long long)r.count, (long long)((m->date - r.first) / NS_DAY),
			r.job == NSTIME_NONE ? "" : ", of a job", r.channel == NSTIME_NONE ? "" : ", and to go on elsewhere", m->weight == WEIGHT_PACKAGE ? "what can carry a program" : "a file or link");
	nstime any = m->weight ? m->date : NSTIME_NONE, package = m->weight == WEIGHT_PACKAGE ? m->date : NSTIME_NONE;
	return vault_run(c->vault,
		"INSERT INTO contact(mailbox,address,first,last,count,first_any,first_package,first_link,first_file,job,channel,ramp) VALUES(?1,?2,?3,?3,1,?4,?5,?6,?7,?8,?9,?10) "
		"ON CONFLICT(mailbox,address) DO UPDATE SET first=min(first,excluded.first),last=max(last,excluded.last),count=count+1,first_any=coalesce(min(first_any,excluded.first_any),first_any,excluded.first_any),"
		"first_package=coalesce(min(first_package,excluded.first_package),first_package,excluded.first_package),first_link=coalesce(min(first_link,excluded.first_link),first_link,excluded.first_link),"
		"first_file=coalesce(min(first_file,excluded.first_file),first_file,excluded.first_file),job=coalesce(min(job,excluded.job),job,excluded.job),"
		"channel=coalesce(min(channel,excluded.channel),channel,excluded.channel),ramp=coalesce(ramp,excluded.ramp)",
		NULL, NULL, e, "sstttttttt", mailbox, m->from, m->date, any, package, m->nsites ? m->date : NSTIME_NONE, m->nkinds ? m->date : NSTIME_NONE, m->job ? m->date : NSTIME_NONE,
		m->channel ? m->date : NSTIME_NONE, ramp ? m->date : NSTIME_NONE);
}

/* ---- names ------------------------------------------------------------------------------------------------------------------------------------ */

struct known { char address[200]; int64_t count; bool here; };

static int read_known(void *arg, const struct vault_row *r)
{
	struct known *k = arg;
	struct slice address = vault_text(r, 0);
	if (vault_int(r, 2)) {
		k->here = true;
	} else if (vault_int(r, 1) > k->count) {
		k->count = vault_int(r, 1);
		snprintf(k->address, sizeof k->address, "%.*s", SLFMT(slice_to(address, sizeof k->address - 1)));
	}
	return 0;
}

static int meet_name(struct contacts *c, const struct contact_mail *m, struct slice mailbox, struct contact_signs *out, struct err *e)
{
	struct known k = {.count = NAME_MAILS - 1};
	int rc = m->stranger && !out->address[0] ? vault_run(c->vault, "SELECT address,count,site=?3 FROM contact_name WHERE mailbox=?1 AND person=?2 AND first<=?4 LIMIT 50", read_known, &k, e, "ssst", mailbox,
		m->person, m->site, m->date - NAME_AFTER) : 0;
	if (!rc && k.address[0] && !k.here)
		snprintf(out->address, sizeof out->address, "\"%.*s\" has written %lld times from %s, now from %.*s", SLFMT(slice_to(m->name, 60)), (long long)k.count, k.address, SLFMT(slice_to(m->from, 90)));
	return rc ? rc : vault_run(c->vault,
		"INSERT INTO contact_name(mailbox,person,address,site,shown,first,last,count) VALUES(?1,?2,?3,?4,?5,?6,?6,1) "
		"ON CONFLICT(mailbox,person,address) DO UPDATE SET first=min(first,excluded.first),last=max(last,excluded.last),count=count+1,shown=excluded.shown",
		NULL, NULL, e, "ssssst", mailbox, m->person, m->from, m->site, slice_to(m->name, 200), m->date);
}

/* ---- a message ---------------------------------------------------------------------------------------------------------------------------------- */

static void keep(char *to, size_t n, struct slice s) { snprintf(to, n, "%.*s", SLFMT(slice_to(s, n - 1))); }

static int read_seen(void *arg, const struct vault_row *r)
{
	struct contact_signs *out = arg;
	out->signs = (uint32_t)vault_int(r, 0) | 1u << 31;
	keep(out->first, sizeof out->first, vault_text(r, 1));
	keep(out->address, sizeof out->address, vault_text(r, 2));
	keep(out->ramp, sizeof out->ramp, vault_text(r, 3));
	keep(out->unusual, sizeof out->unusual, vault_text(r, 4));
	return 0;
}

static int meet_all(struct contacts *c, const struct contact_mail *m, struct contact_signs *out, struct err *e)
{
	static const struct slice nobody = {"-", 1}; /* a blind copy: one of us, not said who */
	int rc = m->own ? own_judge(c, m, out, e) : 0;
	if (!rc && m->own)
		rc = own_learn(c, m, e);
	for (size_t i = 0; i < MAX(m->nto, (size_t)1) && !rc; i++) {
		struct slice mailbox = m->nto ? m->to[i] : nobody;
		rc = meet_counterpart(c, m, mailbox, out, e);
		if (!rc && m->person.n)
			rc = meet_name(c, m, mailbox, out, e);
	}
	out->signs = (out->first[0] ? CONTACT_FIRST : 0u) | (out->address[0] ? CONTACT_NEW_ADDRESS : 0u) | (out->ramp[0] ? CONTACT_RAMP : 0u) | (out->unusual[0] ? CONTACT_UNUSUAL : 0u);
	return rc;
}

int contacts_meet(struct contacts *c, const struct contact_mail *m, struct contact_signs *out, struct err *e)
{
	*out = (struct contact_signs){0};
	int rc = vault_run(c->vault, "SELECT signs,first,address,ramp,unusual FROM contact_seen WHERE digest=?1 AND id=?2", read_seen, out, e, "ss", slice_of(m->content), m->id);
	if (rc || out->signs) {
		out->signs &= ~(1u << 31);
		return rc;
	}
	rc = meet_all(c, m, out, e);
	return rc ? rc : vault_run(c->vault, "INSERT INTO contact_seen(digest,id,time,signs,first,address,ramp,unusual) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)", NULL, NULL, e, "sstissss", slice_of(m->content), m->id, c->now,
		(int64_t)out->signs, slice_of(out->first), slice_of(out->address), slice_of(out->ramp), slice_of(out->unusual));
}
