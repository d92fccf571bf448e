/* record.c - what a learner has done: parts, results, completion, certificates and their refreshing. */
#include "lesson/book_private.h"

#include <stdio.h>
#include <sys/random.h>

/* ---- certificates ------------------------------------------------------------------------------------------------------------------------------ */

/* 100 bits without letters that look alike (Crockford's alphabet): who has the paper can have it verified, nobody guesses one. */
static int make_id(char out[static 28], struct err *e)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char bytes[20];
	size_t n = 0;
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return err_set(e, ERR_IO, "no random number: %m");
	memcpy(out, "PL", 2);
	n = 2;
	for (size_t i = 0; i < sizeof bytes; i++) {
		if (i % 5 == 0)
			out[n++] = '-';
		out[n++] = letters[bytes[i] & 31];
	}
	out[n] = 0;
	return 0;
}

int book_issue(struct lesson_book *b, struct slice unit, struct slice user, nstime now, struct err *e)
{
	char id[28];
	nstime until = lesson_months_after(now, CERTIFICATE_MONTHS);
	int rc = make_id(id, e);
	if (!rc)
		rc = vault_run(b->vault, "INSERT INTO completion(user,unit,time,until) VALUES(?1,?2,?3,?4) ON CONFLICT(user,unit) DO UPDATE SET time=excluded.time, until=excluded.until", NULL, NULL, e, "sstt", user,
			unit, now, until);
	return rc ? rc : vault_run(b->vault, "INSERT INTO certificate(id,user,unit,issued,until,count) VALUES(?1,?2,?3,?4,?5,0)", NULL, NULL, e, "ssstt", slice_of(id), user, unit, now, until);
}

void book_certificate(const struct vault_row *r, int at, struct lesson_certificate *out)
{
	struct slice id = vault_text(r, at);
	*out = (struct lesson_certificate){.issued = vault_time(r, at + 1), .until = vault_time(r, at + 2), .refresh_done = {vault_time(r, at + 3), vault_time(r, at + 4)}};
	snprintf(out->id, sizeof out->id, "%.*s", SLFMT(slice_to(id, sizeof out->id - 1)));
	for (unsigned i = 0; i < 2; i++)
		out->refresh_due[i] = out->issued == NSTIME_NONE ? NSTIME_NONE : lesson_months_after(out->issued, REFRESH_MONTHS * (i + 1));
}

static int take_certificate(void *arg, const struct vault_row *r)
{
	book_certificate(r, 0, arg);
	return 0;
}

int book_refresh(struct lesson_book *b, struct slice unit, struct slice user, nstime now, struct err *e)
{
	struct lesson_certificate c = {0};
	int64_t count = 0;
	int rc = vault_run(b->vault, "SELECT id,issued,until,first,second FROM certificate WHERE user=?1 AND unit=?2 AND until>?3 ORDER BY issued DESC LIMIT 1", take_certificate, &c, e, "sst", user, unit, now);
	size_t which = c.refresh_done[0] == NSTIME_NONE ? 0 : 1;
	if (rc || !c.id[0] || c.refresh_done[which] != NSTIME_NONE || now < c.refresh_due[which])
		return rc;
	rc = vault_run(b->vault, "SELECT count FROM certificate WHERE id=?1", book_first_number, &count, e, "s", slice_of(c.id));
	if (rc)
		return rc;
	if (count + 1 < REFRESH_EXERCISES)
		return vault_run(b->vault, "UPDATE certificate SET count=count+1 WHERE id=?1", NULL, NULL, e, "s", slice_of(c.id));
	return which ? vault_run(b->vault, "UPDATE certificate SET count=0, second=?2 WHERE id=?1", NULL, NULL, e, "st", slice_of(c.id), now)
		     : vault_run(b->vault, "UPDATE certificate SET count=0, first=?2 WHERE id=?1", NULL, NULL, e, "st", slice_of(c.id), now);
}

struct found { struct arena *a; struct lesson_certificate *out; bool there; };

static int take_found(void *arg, const struct vault_row *r)
{
	struct found *f = arg;
	book_certificate(r, 0, f->out);
	f->out->user = slice_dup(f->a, vault_text(r, 5));
	f->out->unit = slice_dup(f->a, vault_text(r, 6));
	f->out->shown = slice_dup(f->a, vault_text(r, 7));
	f->there = true;
	return 0;
}

int lesson_certificate(struct lesson_book *b, struct slice id, struct arena *a, struct lesson_certificate *out, struct err *e)
{
	struct found f = {.a = a, .out = out};
	int rc = vault_run(b->vault,
		"SELECT c.id,c.issued,c.until,c.first,c.second,c.user,c.unit,CASE WHEN l.shown<>'' THEN l.shown ELSE c.user END FROM certificate c LEFT JOIN learner l ON l.user=c.user WHERE c.id=?1", take_found, &f, e,
		"s", id);
	return rc || f.there ? rc : err_set(e, ERR_NOENT, "there is no such certificate");
}

/* ---- where a learner is -------------------------------------------------------------------------------------------------------------------------- */

struct parts { const struct lesson *unit; struct lesson_progress *out; };

static int take_part(void *arg, const struct vault_row *r)
{
	struct parts *x = arg;
	for (size_t i = 0; i < x->unit->nparts && i < 64; i++)
		if (slice_eq(x->unit->parts[i].id, vault_text(r, 0)) && !(x->out->parts & (uint64_t)1 << i)) {
			x->out->parts |= (uint64_t)1 << i;
			x->out->ndone++;
		}
	return 0;
}

static int take_completion(void *arg, const struct vault_row *r)
{
	nstime *v = arg;
	v[0] = vault_time(r, 0);
	v[1] = vault_time(r, 1);
	return 0;
}

static int take_time(void *arg, const struct vault_row *r)
{
	*(nstime *)arg = vault_time(r, 0);
	return 0;
}

int lesson_progress(struct lesson_book *b, const struct lesson *u, struct slice user, nstime now, struct lesson_progress *out, struct err *e)
{
	struct parts x = {u, out};
	nstime completion[2] = {NSTIME_NONE, NSTIME_NONE};
	*out = (struct lesson_progress){.completed = NSTIME_NONE, .due = NSTIME_NONE};
	int rc = vault_run(b->vault, "SELECT time,until FROM completion WHERE user=?1 AND unit=?2", take_completion, completion, e, "ss", user, u->id);
	if (rc)
		return rc;
	out->lapsed = completion[0] != NSTIME_NONE && completion[1] <= now;
	if (completion[0] != NSTIME_NONE && !out->lapsed)
		out->completed = completion[0];
	if (!out->lapsed)
		rc = vault_run(b->vault, "SELECT part FROM part_done WHERE user=?1 AND unit=?2", take_part, &x, e, "ss", user, u->id);
	if (!rc && out->completed == NSTIME_NONE)
		rc = vault_run(b->vault, "SELECT min(a.due) FROM learner l, assignment a WHERE l.user=?1 AND a.unit=?2 AND " ASSIGNED, take_time, &out->due, e, "ss", user, u->id);
	if (!rc)
		rc = vault_run(b->vault, "SELECT id,issued,until,first,second FROM certificate WHERE user=?1 AND unit=?2 AND until>?3 ORDER BY issued DESC LIMIT 1", take_certificate, &out->certificate, e, "sst", user, u->id,
			now);
	return rc;
}

/* ---- what was done -------------------------------------------------------------------------------------------------------------------------------- */

int book_store(struct lesson_book *b, struct slice unit, struct slice part, struct slice user, int64_t kind, const struct lesson_result *r, nstime now, struct err *e)
{
	return vault_run(b->vault,
		"INSERT INTO result(user,unit,part,kind,time,isright,stop,flags,flags_all,reported,benign,sound,hits,misses,alarms,quiet,isfirst) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,"
		"NOT EXISTS(SELECT 1 FROM result WHERE user=?1 AND unit=?2 AND part=?3 AND kind=?4))", NULL, NULL, e,
		"sssitiiiiiiiiiii", user, unit, part, kind, now, (int64_t)r->right, (int64_t)r->stop, (int64_t)r->flags, (int64_t)r->flags_all, (int64_t)r->reported, (int64_t)r->benign, (int64_t)r->sound, (int64_t)r->hits,
		(int64_t)r->misses, (int64_t)r->alarms, (int64_t)r->quiet);
}

struct doing {
	const struct lesson *unit;
	size_t part;
	struct slice user;
	const struct lesson_result *result;
	nstime now;
	bool finished;
};

/* What ran out a year ago is learnt anew from its first part. */
static int begin_again(struct lesson_book *b, const struct doing *d, struct err *e)
{
	int rc = vault_run(b->vault, "DELETE FROM part_done WHERE user=?1 AND unit=?2", NULL, NULL, e, "ss", d->user, d->unit->id);
	return rc ? rc : vault_run(b->vault, "DELETE FROM completion WHERE user=?1 AND unit=?2", NULL, NULL, e, "ss", d->user, d->unit->id);
}

static int do_part(struct lesson_book *b, void *arg, struct err *e)
{
	struct doing *d = arg;
	const struct lesson_part *p = &d->unit->parts[d->part];
	struct lesson_progress before;
	bool fresh;
	int rc = lesson_progress(b, d->unit, d->user, d->now, &before, e);
	if (!rc && before.lapsed)
		rc = begin_again(b, d, e);
	if (!rc && d->result)
		rc = book_store(b, d->unit->id, p->id, d->user, p->kind, d->result, d->now, e);
	if (!rc && p->kind == PART_QUESTION && d->result)
		rc = book_repeat(b, d->unit->id, p->question->id, d->user, d->result->right, d->now, e);
	if (!rc && d->result)
		rc = book_refresh(b, d->unit->id, d->user, d->now, e);
	fresh = !(before.parts & (uint64_t)1 << d->part);
	if (rc || !fresh)
		return rc;
	rc = vault_run(b->vault, "INSERT INTO part_done(user,unit,part,time) VALUES(?1,?2,?3,?4) ON CONFLICT(user,unit,part) DO NOTHING", NULL, NULL, e, "ssst", d->user, d->unit->id, p->id, d->now);
	d->finished = before.completed == NSTIME_NONE && before.ndone + 1 == d->unit->nparts;
	return rc || !d->finished ? rc : book_issue(b, d->unit->id, d->user, d->now, e);
}

int lesson_done(struct lesson_book *b, const struct lesson *u, size_t part, struct slice user, const struct lesson_result *r, nstime now, bool *finished, struct err *e)
{
	struct doing d = {.unit = u, .part = part, .user = user, .result = r, .now = now};
	if (part >= u->nparts || part >= 64 || (u->parts[part].kind != PART_READ) != (r != NULL))
		return err_set(e, ERR_RANGE, "there is no such part in %.*s", SLFMT(u->id));
	int rc = book_change(b, do_part, &d, e);
	*finished = !rc && d.finished;
	return rc;
}
